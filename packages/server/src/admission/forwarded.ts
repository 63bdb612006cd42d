// The hops that a request names in `X-Forwarded-For` or `Forwarded` (RFC 7239), read from the right, where the nearest proxy
// wrote. One pass, and no further to the left than somebody believes: what a client wrote there costs nothing.

import { plainAddress } from './address.ts'

/** What stands at one place of the list: an address, or null for `unknown`, a hidden one, or garbage. */
export type Hop = string | null

const QUOTE = 0x22
const COMMA = 0x2c
const SEMICOLON = 0x3b
const BACKSLASH = 0x5c

/** One element after another from the right end of `X-Forwarded-For`: `client, proxy 1, proxy 2`. */
export function* hopsOf(value: string): Generator<Hop, void, undefined> {
  for (let end = value.length; end >= 0; ) {
    const comma = end === 0 ? -1 : value.lastIndexOf(',', end - 1)
    const element = value.slice(comma + 1, end).trim()
    // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements".
    if (element !== '') yield nodeAddress(element)
    end = comma
  }
}

/**
 * One `for=` after another from the right end of `Forwarded`. Read from the right, a quote that a client left open cannot
 * swallow what a proxy wrote behind it.
 */
export function* forwardedHops(value: string): Generator<Hop, void, undefined> {
  let end = value.length
  let quoted = false
  for (let at = value.length - 1; at >= -1; at--) {
    const code = at === -1 ? COMMA : value.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    // No node name needs one: an escape could only hide where a quoted string ends.
    if (code === BACKSLASH) return yield null
    if (code !== COMMA || (quoted && at !== -1)) continue
    const element = value.slice(at + 1, end).trim()
    if (quoted) return yield null
    if (element !== '') yield forOf(element)
    end = at
  }
}

/** RFC 7239 §4: `for=192.0.2.43;proto=https`, parameters in any order and case, each at most once. */
function forOf(element: string): Hop {
  let node: string | null = null
  let start = 0
  let quoted = false
  for (let at = 0; at <= element.length; at++) {
    const code = at === element.length ? SEMICOLON : element.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    if (code !== SEMICOLON || (quoted && at !== element.length)) continue
    const pair = element.slice(start, at).trim()
    start = at + 1
    if (pair.slice(0, 4).toLowerCase() !== 'for=') continue
    if (node !== null) return null
    node = pair.slice(4)
  }
  if (node === null) return null
  // RFC 7239 §6: "an IPv6 address and any nodename with node-port specified MUST be quoted". Many leave that out.
  const bare = node.length >= 2 && node.startsWith('"') && node.endsWith('"') ? node.slice(1, -1) : node
  return nodeAddress(bare)
}

/** RFC 7239 §6: an address with or without a port; in brackets where it is IPv6, as a rule. `unknown` and `_hidden` are none. */
function nodeAddress(node: string): Hop {
  // `[` address `]:` and a port of at most five digits, or a hidden one.
  if (node.length > 96) return null
  if (node.startsWith('[')) {
    const end = node.indexOf(']')
    if (end === -1 || !isPort(node.slice(end + 1))) return null
    const address = plainAddress(node.slice(1, end))
    return node.slice(1, end).includes(':') ? address : null
  }
  const colon = node.indexOf(':')
  if (colon === -1 || colon !== node.lastIndexOf(':')) return plainAddress(node)
  return isPort(node.slice(colon)) ? plainAddress(node.slice(0, colon)) : null
}

/** '' or ':' with a port, which may be hidden too: `_` and letters, digits, `.`, `_`, `-`. */
function isPort(text: string): boolean {
  return text === '' || /^:(?:\d{1,5}|_[A-Za-z0-9._-]{1,30})$/.test(text)
}
