// A message framed once, and compressed once for each window size that asks for it, to be sent to many connections.

import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { FIN, headerBytes, Opcode, type Platform, RSV1, writeHeader } from '@tautline/protocol'
import { nodePlatform } from './platform.ts'

/** How a message is prepared. */
export interface PrepareOptions {
  /** true: bytes go out as a binary message (the default for bytes); false: bytes are UTF-8 text. */
  readonly binary?: boolean
  /** false: never compressed, whatever a connection negotiated. */
  readonly compress?: boolean
}

/**
 * A message whose frame is shared by all connections it is sent to. Made by `prepare`, sent by `Socket.send`.
 * It holds copies: what it was made from may change.
 */
export class PreparedMessage {
  readonly binary: boolean
  readonly compress: boolean
  /** The payload in bytes, and its frame as a server sends it. Shared: never written to. */
  readonly payload: Uint8Array
  readonly frame: Uint8Array
  private deflated: Map<number, Uint8Array> | null = null

  constructor(payload: Uint8Array, binary: boolean, compress: boolean) {
    this.binary = binary
    this.compress = compress
    this.frame = serverFrame(FIN | opcodeOf(binary), payload)
    this.payload = this.frame.subarray(this.frame.length - payload.length)
  }

  /**
   * The compressed frame for a window of `bits`; it refers to nothing sent before, so any connection can take it. The
   * effort is that of the first connection that asks.
   */
  deflatedFrame(bits: number, platform: Platform): Uint8Array {
    this.deflated ??= new Map()
    let frame = this.deflated.get(bits)
    if (frame === undefined) {
      // RFC 7692 §7.2.1: the sync flush at the end, 00 00 FF FF, is left off.
      frame = this.compressedFrame(platform.deflateRaw(this.payload, null, bits).subarray(0, -4))
      this.deflated.set(bits, frame)
    }
    return frame
  }

  /** The frame of a payload that the message was compressed to. */
  protected compressedFrame(payload: Uint8Array): Uint8Array {
    return serverFrame(FIN | RSV1 | opcodeOf(this.binary), payload)
  }
}

/** A frame that is not masked. */
function serverFrame(byte0: number, payload: Uint8Array): Uint8Array {
  const header = headerBytes(payload.length, 0)
  const frame = nodePlatform.allocate(header + payload.length)
  writeHeader(frame, 0, byte0, payload.length, 0, 0)
  frame.set(payload, header)
  return frame
}

function opcodeOf(binary: boolean): number {
  return binary ? Opcode.binary : Opcode.text
}

/**
 * Frames a message once, to be sent to many: `for (const socket of server.sockets) socket.send(prepared)`.
 *
 * @param data text, or bytes, which are copied
 * @throws TypeError for anything else
 */
export function prepare(
  data: string | ArrayBufferLike | ArrayBufferView,
  options: PrepareOptions = {},
): PreparedMessage {
  const binary = options.binary ?? typeof data !== 'string'
  return new PreparedMessage(encoded(data), binary, options.compress ?? true)
}

/** The bytes of a message. @throws TypeError naming what is accepted */
export function encoded(data: string | ArrayBufferLike | ArrayBufferView): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : bytesOf(data)
}

/**
 * A view of whatever holds bytes.
 *
 * @throws TypeError naming what is accepted
 */
export function bytesOf(data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  // Of any realm: instanceof knows only our own.
  if (types.isAnyArrayBuffer(data)) return Buffer.from(data)
  const got = data === null ? 'null' : typeof data
  throw new TypeError(`expected a string, an ArrayBuffer, a typed array, a DataView or a prepared message, got ${got}`)
}
