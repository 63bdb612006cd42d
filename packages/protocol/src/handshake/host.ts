// The form of Host and of request targets (RFC 9112 §3.2, RFC 3986 §3.2.2). It judges the form and never resolves,
// decodes or normalises: what two readers could understand differently is refused.

import { classAt, DIGIT, equalsIgnoringCase, HEX, HOST, TARGET } from './tokens.ts'

/** Is `text` a `uri-host [ ":" port ]` with a host that is not empty? Neither userinfo nor blanks pass. */
export function isHost(text: string): boolean {
  const end = text.startsWith('[') ? literalEnd(text) : nameEnd(text)
  if (end <= 0) return false
  if (end === text.length) return true
  return text[end] === ':' && isPort(text, end + 1)
}

/** The index behind `[...]`, 0 if it is no IP literal: hex digits, colons and dots, with at least one colon. */
function literalEnd(text: string): number {
  let colons = 0
  for (let i = 1; i < text.length; i++) {
    const character = text[i]
    if (character === ']') return colons > 0 ? i + 1 : 0
    if (character === ':') colons++
    else if (character !== '.' && (classAt(text, i) & HEX) === 0) return 0
  }
  return 0
}

/** The index behind a `reg-name` or IPv4 address, 0 if a percent sign is not followed by two hex digits. */
function nameEnd(text: string): number {
  let i = 0
  while (i < text.length) {
    if (text[i] === '%') {
      if ((classAt(text, i + 1) & HEX) === 0 || (classAt(text, i + 2) & HEX) === 0) return 0
      i += 3
    } else if ((classAt(text, i) & HOST) !== 0) i++
    else break
  }
  return i
}

/** RFC 3986 §3.2.3: `port = *DIGIT`, so it may be empty; and there are 65535 of them. */
function isPort(text: string, start: number): boolean {
  let port = 0
  for (let i = start; i < text.length; i++) {
    if ((classAt(text, i) & DIGIT) === 0) return false
    port = Math.min(port * 10 + text.charCodeAt(i) - 0x30, 65536)
  }
  return port <= 65535
}

/**
 * May `target` open a WebSocket? In origin-form it begins with a slash. In absolute-form its authority must be what Host
 * says, so that there is only one authority that routing and origin checks can mean (RFC 9112 §3.2.2 would have the
 * target win). Authority-form and asterisk-form name no resource.
 */
export function isWebSocketTarget(target: string, host: string): boolean {
  for (let i = 0; i < target.length; i++) if ((classAt(target, i) & TARGET) === 0) return false
  if (target.startsWith('/')) return true
  const start = authorityStart(target)
  return start > 0 && equalsIgnoringCase(target.slice(start, authorityEnd(target, start)), host)
}

/**
 * The path of a target, without its query, undecoded: `//evil/x` stays `//evil/x`, because no URL parser is asked.
 *
 * @param target origin-form or absolute-form, as `checkUpgrade` accepts them
 */
export function targetPath(target: string): string {
  const start = target.startsWith('/') ? 0 : authorityEnd(target, authorityStart(target))
  const query = target.indexOf('?', start)
  const path = target.slice(start, query === -1 ? target.length : query)
  return path === '' ? '/' : path
}

/** The index behind `http://` or `https://`; 0 if neither begins the target. */
function authorityStart(target: string): number {
  if (equalsIgnoringCase(target.slice(0, 7), 'http://')) return 7
  return equalsIgnoringCase(target.slice(0, 8), 'https://') ? 8 : 0
}

function authorityEnd(target: string, start: number): number {
  let end = start
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end++
  return end
}
