/**
 * Raw texts of the opening handshake, as a careless or hostile peer may write them (RFC 6455 §4).
 * Text is sent as latin1: one character, one byte. Nothing here checks anything.
 */
import { createHash } from 'node:crypto'

/** The key of RFC 6455 §1.3. */
export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A field to send: name and value; null leaves a default field out. */
export type RawField = readonly [name: string, value: string]

/** What differs from the plain legal request. */
export interface RequestText {
  /** The whole first line, without its end; overrides the next three. */
  readonly line?: string
  readonly method?: string
  readonly target?: string
  readonly version?: string
  /** Names of default fields to leave out: Host, Upgrade, Connection, Sec-WebSocket-Key, Sec-WebSocket-Version. */
  readonly without?: readonly string[]
  /** A default field's value, by its name. */
  readonly set?: Readonly<Record<string, string>>
  /** Fields before the default ones. */
  readonly before?: readonly RawField[]
  /** Fields behind the default ones. */
  readonly fields?: readonly RawField[]
  /** Lines behind the fields as they are, each without its end. */
  readonly lines?: readonly string[]
  /** Line end. Default: CR LF. */
  readonly eol?: string
  /** What follows the empty line. */
  readonly body?: Uint8Array | string
}

function headText(first: string, fields: readonly RawField[], lines: readonly string[], eol: string): string {
  return [first, ...fields.map(([name, value]) => `${name}: ${value}`), ...lines, '', ''].join(eol)
}

function joined(head: string, body: Uint8Array | string | undefined): Buffer {
  const tail = typeof body === 'string' ? Buffer.from(body, 'latin1') : (body ?? Buffer.alloc(0))
  return Buffer.concat([Buffer.from(head, 'latin1'), tail])
}

function chosen(
  defaults: readonly RawField[],
  text: { without?: readonly string[]; set?: Readonly<Record<string, string>> },
): RawField[] {
  const out = new Set((text.without ?? []).map((name) => name.toLowerCase()))
  return defaults
    .filter(([name]) => !out.has(name.toLowerCase()))
    .map(([name, value]) => [name, text.set?.[name] ?? value])
}

/** The bytes of an upgrade request; legal where `text` says nothing. */
export function requestBytes(text: RequestText = {}): Buffer {
  const line = text.line ?? `${text.method ?? 'GET'} ${text.target ?? '/'} ${text.version ?? 'HTTP/1.1'}`
  const defaults: RawField[] = [
    ['Host', '127.0.0.1'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', SAMPLE_KEY],
    ['Sec-WebSocket-Version', '13'],
  ]
  const fields = [...(text.before ?? []), ...chosen(defaults, text), ...(text.fields ?? [])]
  return joined(headText(line, fields, text.lines ?? [], text.eol ?? '\r\n'), text.body)
}

/** What differs from the plain legal answer. */
export interface ResponseText {
  /** The whole first line, without its end. Default: HTTP/1.1 101 Switching Protocols. */
  readonly line?: string
  /** Names of default fields to leave out: Upgrade, Connection, Sec-WebSocket-Accept. */
  readonly without?: readonly string[]
  readonly set?: Readonly<Record<string, string>>
  readonly fields?: readonly RawField[]
  readonly lines?: readonly string[]
  readonly eol?: string
  readonly body?: Uint8Array | string
  /** Bytes in front of the first line (interim answers). */
  readonly prefix?: string
}

/** The bytes of an answer to the request with `key`; legal where `text` says nothing. */
export function responseBytes(key: string, text: ResponseText = {}): Buffer {
  const defaults: RawField[] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptFor(key)],
  ]
  const fields = [...chosen(defaults, text), ...(text.fields ?? [])]
  const head = headText(text.line ?? 'HTTP/1.1 101 Switching Protocols', fields, text.lines ?? [], text.eol ?? '\r\n')
  return joined((text.prefix ?? '') + head, text.body)
}

/** Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + GUID, 'latin1')
    .digest('base64')
}

/** A head read plainly: its first line, its fields in order, and where the body begins. */
export interface HeadText {
  readonly line: string
  readonly fields: readonly RawField[]
  readonly end: number
  /** Values of one name, in order; the name in any case. */
  all(name: string): string[]
}

/** The first complete head in `bytes`, or null. */
export function readHead(bytes: Uint8Array, from = 0): HeadText | null {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = whole.indexOf('\r\n\r\n', from, 'latin1')
  if (end < 0) return null
  const [line = '', ...rest] = whole.toString('latin1', from, end).split('\r\n')
  const fields = rest.map((text): RawField => {
    const colon = text.indexOf(':')
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1).trim()]
  })
  const all = (name: string): string[] =>
    fields.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return { line, fields, end: end + 4, all }
}
