// The arguments of the standard's constructors and methods, converted and judged as it says. Used by WebSocket and by
// WebSocketStream.

import { isToken } from '@tautline/protocol'

/** Web IDL's DOMString: unlike `String`, it throws a TypeError for symbols. */
export function domString(value: unknown): string {
  return `${value as string}`
}

/** Web IDL's USVString: lone surrogates become U+FFFD. */
export function usvString(value: unknown): string {
  return domString(value).toWellFormed()
}

/**
 * "Get a URL record": absolute, since there is no document to be relative to; http(s) becomes ws(s).
 *
 * @throws DOMException SyntaxError
 */
export function urlRecord(url: unknown): URL {
  const text = usvString(url)
  if (!URL.canParse(text)) throw new DOMException('The URL is not an absolute URL.', 'SyntaxError')
  const record = new URL(text)
  if (record.protocol === 'http:') record.protocol = 'ws:'
  else if (record.protocol === 'https:') record.protocol = 'wss:'
  if (record.protocol !== 'ws:' && record.protocol !== 'wss:') {
    throw new DOMException('The scheme of the URL must be ws, wss, http or https.', 'SyntaxError')
  }
  if (record.href.includes('#')) throw new DOMException('The URL must not have a fragment.', 'SyntaxError')
  return record
}

/**
 * The subprotocols as a list of tokens, none of them twice (without regard to case, as web-platform-tests have it).
 *
 * @throws DOMException SyntaxError
 */
export function protocolList(protocols: Iterable<unknown> | string): readonly string[] {
  const list = typeof protocols === 'string' ? [protocols] : Array.from(protocols, domString)
  const seen = new Set<string>()
  for (const name of list) {
    if (!isToken(name)) throw new DOMException('A subprotocol must be a token.', 'SyntaxError')
    seen.add(name.toLowerCase())
  }
  if (seen.size !== list.length) throw new DOMException('A subprotocol is named twice.', 'SyntaxError')
  return list
}

/** Web IDL's `[Clamp] unsigned short`: rounded half to even. */
export function clampToShort(value: unknown): number {
  const number = Math.min(Math.max(Number(value), 0), 0xffff)
  if (Number.isNaN(number)) return 0
  const floor = Math.floor(number)
  const rest = number - floor
  if (rest !== 0.5) return Math.round(number)
  return floor % 2 === 0 ? floor : floor + 1
}

/**
 * "Validate close code and reason": a code is 1000 or an application's own; a reason alone goes with 1000.
 *
 * @returns the code to be sent, undefined for a Close frame without a payload
 * @throws DOMException InvalidAccessError for the code, SyntaxError for a reason of more than 123 bytes
 */
export function closeArguments(code: number | undefined, reason: string | undefined): number | undefined {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    throw new DOMException('A close code must be 1000 or from 3000 to 4999.', 'InvalidAccessError')
  }
  if (reason !== undefined && Buffer.byteLength(reason) > 123) {
    throw new DOMException('A close reason has at most 123 bytes of UTF-8.', 'SyntaxError')
  }
  return code === undefined && reason !== undefined && reason !== '' ? 1000 : code
}

/**
 * Web IDL's `BufferSource` as bytes; undefined for what is none. Not a copy.
 *
 * @throws TypeError for views of shared or resizable memory, which the standard does not allow
 */
export function bufferSource(data: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(data)) {
    if (data.buffer instanceof SharedArrayBuffer) throw new TypeError('a view of shared memory cannot be sent')
    refuseResizable(data.buffer)
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  }
  if (!(data instanceof ArrayBuffer)) return undefined
  refuseResizable(data)
  return data.detached ? new Uint8Array(0) : new Uint8Array(data)
}

function refuseResizable(buffer: ArrayBuffer): void {
  if (buffer.resizable) throw new TypeError('a resizable ArrayBuffer cannot be sent')
}
