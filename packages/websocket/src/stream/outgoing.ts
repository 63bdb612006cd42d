// The writable side of a connection: a write is done when the engine has room for more. A message may be a stream itself
// and then goes out in fragments (RFC 6455 §5.4), of which never more than HIGH_WATER bytes wait.

import { COPY_UP_TO } from '@tautline/protocol'
import type { SendOptions, Socket } from '../socket.ts'
import { bufferSource, domString } from '../whatwg/arguments.ts'
import { HIGH_WATER } from './incoming.ts'

/** Web IDL's name for what holds bytes. */
type BufferSource = ArrayBuffer | ArrayBufferView

/** Bytes or text of one message, in order. It is a text message if `isBinary` is false, or absent and text comes first. */
export type MessageSource = (AsyncIterable<string | BufferSource> | ReadableStream<string | BufferSource>) & {
  readonly isBinary?: boolean
}

/** What can be written: a whole message, or one that is larger than memory should hold. */
export type Sendable = string | BufferSource | MessageSource

/** Writes to a socket. */
export class Outgoing {
  private readonly socket: Socket

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Sends one message; done when there is room for the next. Whatever is neither bytes nor a stream is text. */
  async write(message: unknown): Promise<void> {
    const bytes = bufferSource(message)
    if (bytes !== undefined) await this.piece(bytes, {})
    else if (isSource(message)) await this.stream(message)
    else await this.piece(domString(message), {})
  }

  private async stream(source: AsyncIterable<unknown> & { readonly isBinary?: unknown }): Promise<void> {
    let begun = false
    let isText = source.isBinary !== true
    // The first half of a surrogate pair that a cut parts from its second.
    let half = ''
    try {
      for await (const chunk of source) {
        const bytes = bufferSource(chunk)
        if (!begun && source.isBinary === undefined) isText = bytes === undefined
        const options = { binary: !isText, fin: false }
        begun = true
        const text = bytes === undefined ? half + domString(chunk) : half
        half = bytes === undefined && isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : ''
        if (bytes === undefined) await this.piece(half === '' ? text : text.slice(0, -1), options)
        else {
          if (text !== '') await this.piece(text, options)
          await this.piece(bytes, options)
        }
      }
      await this.piece(half, { binary: !isText, fin: true })
    } catch (error) {
      // Half a message cannot be taken back: the peer learns that it will never be whole.
      if (begun) this.socket.close(1011, 'the message could not be completed')
      throw error
    }
  }

  private piece(data: string | Uint8Array, options: SendOptions): Promise<void> | undefined {
    const { socket } = this
    const status = socket.send(data, options)
    if (status === 'dropped') throw new DOMException('The connection is closing or closed.', 'InvalidStateError')
    const copied = socket.role === 'client' || typeof data === 'string' || data.length <= COPY_UP_TO
    if (status === 'sent' && copied && socket.bufferedAmount <= HIGH_WATER) return undefined
    return new Promise((resolve, reject) => {
      socket.whenWritten((error) => (error === undefined ? resolve() : reject(error)))
    })
  }
}

function isSource(message: unknown): message is AsyncIterable<unknown> {
  return typeof message === 'object' && message !== null && Symbol.asyncIterator in message
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
