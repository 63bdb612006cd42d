// One WebSocket, from its opening to its end, as the connection sees it: frames in and out, opened once, closed once.
// It never reconnects and knows nothing of what the frames say.

import type { Encoded } from '@tautline/wire'
import type { ClientCodec, WebSocketClass, WebSocketLike } from './options.ts'

export interface LinkEvents {
  opened(): void
  frame(frame: string | Uint8Array): void
  /** Last, once, and never after `end`. */
  closed(code: number, text: string): void
}

/** What the events of a WebSocket carry, where they carry it. */
interface SocketEvent {
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
  readonly message?: string
}

export class Link {
  readonly #webSocket: WebSocketLike
  readonly #subprotocol: string

  /** @throws whatever the class throws for an address it cannot use */
  constructor(WebSocket: WebSocketClass, url: string, { subprotocol }: ClientCodec, events: LinkEvents) {
    const webSocket = new WebSocket(url, [subprotocol])
    let trouble: string | undefined
    this.#webSocket = webSocket
    this.#subprotocol = subprotocol
    webSocket.binaryType = 'arraybuffer'
    webSocket.onopen = () => events.opened()
    webSocket.onmessage = ({ data }: SocketEvent) =>
      events.frame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
    // Some classes say here what was wrong; the close that follows does not.
    webSocket.onerror = ({ message }: SocketEvent) => {
      trouble = message
    }
    webSocket.onclose = ({ code = 1006, reason }: SocketEvent) => {
      this.#deafen()
      events.closed(code, reason || trouble || '')
    }
  }

  /** Did the server agree to the codec? */
  get agreed(): boolean {
    return this.#webSocket.protocol === this.#subprotocol
  }

  /** Bytes that the network has not taken yet. */
  get buffered(): number {
    return this.#webSocket.bufferedAmount
  }

  /** Sends a frame; dropped if the connection is closing. */
  send(frame: Encoded): void {
    if (this.#webSocket.readyState === 1) this.#webSocket.send(frame as string | Uint8Array<ArrayBuffer>)
  }

  /** Closes it. Nothing is heard of it from now on, however long its closing takes. */
  end(code: number, reason: string): void {
    this.#deafen()
    try {
      // The reason has at most 123 bytes.
      this.#webSocket.close(code, reason.replace(/[^ -~]/g, '?').slice(0, 123))
    } catch {
      // A class that cannot close in this state leaves nothing to do: it is deaf already.
    }
  }

  #deafen(): void {
    const webSocket = this.#webSocket
    webSocket.onopen = webSocket.onmessage = webSocket.onclose = null
    // An error event without a listener is thrown by some classes.
    webSocket.onerror = () => {}
  }
}
