// What `send`, `ping`, `pong` and `close` take, made into bytes. Wrong types are a TypeError before anything is written,
// and nothing here allocates memory that is not filled.

import { Buffer } from 'node:buffer'
import { isValidCloseCode, MAX_REASON_BYTES } from '@tautline/websocket/face'

export const EMPTY: Buffer = Buffer.alloc(0)

/**
 * Bytes of anything that is no string and no Blob. Views are not copied.
 *
 * @throws TypeError for what `Buffer.from` does not take, and for objects that only have a `length`: those come out of
 * JSON.parse, and would be a buffer of zeroes as long as a stranger likes
 */
export function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (data === undefined || data === null) return EMPTY
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return Buffer.from(data)
  if (typeof data === 'object' && !Array.isArray(data) && 'length' in data && data.valueOf() === data) {
    throw new TypeError('The data must be a string, a number, an array, a buffer, a view or a Blob. Received an object')
  }
  return Buffer.from(data as string)
}

/** Falsy data is empty for ws, but only what can mean "nothing": `false` and `0n` are mistakes. */
export function orEmpty(data: unknown): unknown {
  return data === undefined || data === null || data === '' ? EMPTY : data
}

/** Numbers are sent as text. */
export function textOfNumber(data: unknown): unknown {
  return typeof data === 'number' ? data.toString() : data
}

/** How many bytes `data` is on the wire. Throws as `bytesOf`. */
export function byteLengthOf(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data)
  return data instanceof Blob ? data.size : bytesOf(data).byteLength
}

export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob'

const BINARY_TYPES: readonly unknown[] = ['nodebuffer', 'arraybuffer', 'fragments', 'blob']

export function isBinaryType(type: unknown): type is BinaryType {
  return BINARY_TYPES.includes(type)
}

/** A binary message in the form that was asked for. */
export function inForm(data: Buffer, type: BinaryType): Buffer | ArrayBuffer | Buffer[] | Blob {
  switch (type) {
    case 'arraybuffer':
      return toArrayBuffer(data)
    case 'fragments':
      return data.length === 0 ? [] : [data]
    case 'blob':
      return new Blob([data as Uint8Array<ArrayBuffer>])
    default:
      return data
  }
}

/** Its own memory: a Buffer of the engine may be a view of a chunk, or of Node's pool. */
function toArrayBuffer(data: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = data as Uint8Array<ArrayBuffer>
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
}

/**
 * The reason of a close as text. A Buffer that is not UTF-8 is mended: RFC 6455 §5.5.1 wants UTF-8 there.
 *
 * @throws TypeError, RangeError
 */
export function checkClose(code: unknown, data: unknown): string {
  if (code === undefined) return ''
  if (typeof code !== 'number' || !isValidCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number')
  }
  if (data === undefined || (data as { length?: number } | null)?.length === 0) return ''
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new TypeError('Second argument must be a string or a Uint8Array')
  }
  const reason = typeof data === 'string' ? data : Buffer.from(data).toString()
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) {
    throw new RangeError('The message must not be greater than 123 bytes')
  }
  return reason
}
