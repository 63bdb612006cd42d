// What the handshake's tests share: heads to send, and ways to cut them. Holds no expectation of its own.

import { createHash } from 'node:crypto'
import { negotiateDeflate } from '../../src/deflate/parameters.ts'
import {
  checkUpgrade,
  HeaderFields,
  isRefusal,
  type RequestHead,
  RequestParser,
  ResponseParser,
} from '../../src/handshake/mod.ts'

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
/** The accept value that RFC 6455 §1.3 computes for that key. */
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

export const platform = {
  sha1Base64: (text: string): string => createHash('sha1').update(text).digest('base64'),
}

/** One byte per character. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** The fields of a good request, in order. Setting one to null leaves it out. */
const GOOD: readonly (readonly [string, string])[] = [
  ['Host', 'example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
]

/** A request for an upgrade, good but for what is changed and added. */
export function upgrade(
  changes: Readonly<Record<string, string | null>> = {},
  more: readonly string[] = [],
  line = 'GET / HTTP/1.1',
): string {
  const lines = [line]
  for (const [name, value] of GOOD) {
    const changed = name in changes ? changes[name] : value
    if (changed !== null) lines.push(`${name}: ${changed}`)
  }
  return `${[...lines, ...more].join('\r\n')}\r\n\r\n`
}

/** A 101 that answers KEY, good but for what is changed and added. */
export function switching(
  changes: Readonly<Record<string, string | null>> = {},
  more: readonly string[] = [],
  line = 'HTTP/1.1 101 Switching Protocols',
): string {
  const good = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', ACCEPT],
  ] as const
  const lines = [line]
  for (const [name, value] of good) {
    const changed = name in changes ? changes[name] : value
    if (changed !== null) lines.push(`${name}: ${changed}`)
  }
  return `${[...lines, ...more].join('\r\n')}\r\n\r\n`
}

/** Cuts `whole` at the given indices. Every piece lies in a buffer of its own, which is spoiled after use. */
export function* pieces(whole: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => cut % (whole.length + 1))), whole.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    const piece = whole.slice(start, end)
    yield piece
    piece.fill(0xff)
    start = end
  }
}

export const BYTEWISE: readonly number[] = Array.from({ length: 30_000 }, (_, index) => index)

/** What a parser made of some bytes, and how many of them it took. */
export interface Parsed {
  readonly head: unknown
  /** The fields of the head, for whoever compares: HeaderFields keeps them to itself until they are asked for. */
  readonly raw: readonly string[] | undefined
  readonly fault: string | undefined
  readonly consumed: number
}

export function parseRequest(whole: Uint8Array, cuts: readonly number[] = [], parser = new RequestParser()): Parsed {
  let consumed = 0
  for (const piece of pieces(whole, cuts)) {
    consumed += parser.push(piece)
    if (parser.head !== null || parser.refusal !== null) break
  }
  return { head: parser.head, raw: parser.head?.headers.raw, fault: parser.refusal?.id, consumed }
}

export function parseResponse(whole: Uint8Array, cuts: readonly number[] = [], parser = new ResponseParser()): Parsed {
  let consumed = 0
  for (const piece of pieces(whole, cuts)) {
    consumed += parser.push(piece)
    if (parser.head !== null || parser.failure !== null) break
  }
  return { head: parser.head, raw: parser.head?.headers.raw, fault: parser.failure?.id, consumed }
}

/**
 * What a server answers: `101`, `101+deflate`, the status of a refusal, or `more` while the head is incomplete.
 */
export function answer(text: string, cuts: readonly number[] = []): string {
  const parser = new RequestParser()
  parseRequest(bytes(text), cuts, parser)
  if (parser.refusal !== null) return String(parser.refusal.status)
  if (parser.head === null) return 'more'
  const result = checkUpgrade(parser.head)
  if (isRefusal(result)) return String(result.status)
  return negotiateDeflate(result.extensions, {}) === null ? '101' : '101+deflate'
}

/** A head as node:http would hand it over. */
export function nodeHead(text: string): RequestHead {
  const lines = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  const [method = '', target = '', version = ''] = lines[0]!.split(' ')
  const raw = lines.slice(1).flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { method, target, version: version === 'HTTP/1.0' ? '1.0' : '1.1', headers: HeaderFields.fromRaw(raw) }
}
