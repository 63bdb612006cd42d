// The client's end of a simulated connection: the part of the WHATWG class WebSocket that a Client uses. It behaves as
// a browser's: events come in later turns, never from inside a call, and nothing is heard once CLOSED.

import type { Connection, End, Payload } from './connection.ts'
import type { Machine } from './machine.ts'

/** Opens connections for the class. */
export interface Dialer {
  /** Calls back on the machine: with a connection, or with null when it was refused. */
  dial(machine: Machine, url: string, protocols: readonly string[], answered: (made: Connection | null) => void): void
}

/** How long a browser waits for the other side's close frame, ms. */
const CLOSE_WAIT = 10_000

/** What the handlers are called with. */
export interface SimulatedEvent {
  readonly type: string
  readonly data?: string | ArrayBuffer
  readonly code?: number
  readonly reason?: string
  readonly wasClean?: boolean
}

type Handler = ((event: never) => void) | null

/** A connection as a page sees it; `socketClass` binds it to a machine and a network. */
export class SimulatedWebSocket implements End {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSING = 2
  static readonly CLOSED = 3
  readonly url: string
  binaryType = 'blob'
  protocol = ''
  readyState = 0
  onopen: Handler = null
  onmessage: Handler = null
  onclose: Handler = null
  onerror: Handler = null
  readonly #machine: Machine
  #connection: Connection | null = null

  constructor(dialer: Dialer, machine: Machine, url: string, protocols: string | readonly string[]) {
    this.url = url
    this.#machine = machine
    dialer.dial(machine, url, typeof protocols === 'string' ? [protocols] : protocols, (made) => this.#dialed(made))
  }

  get bufferedAmount(): number {
    return this.#connection?.up.buffered ?? 0
  }

  send(payload: string | ArrayBuffer | ArrayBufferView): void {
    if (this.readyState === 0) throw new DOMException('still in CONNECTING state', 'InvalidStateError')
    if (this.readyState !== 1) return
    this.#connection?.sendUp(copyOf(payload))
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState >= 2) return
    const connecting = this.readyState === 0
    this.readyState = 2
    if (connecting) return this.#machine.post(() => this.failed(), 0)
    this.#connection?.closeUp(code, reason)
    this.#connection?.deafen()
    this.#machine.post(() => this.failed(), CLOSE_WAIT)
  }

  frame(payload: Payload): void {
    if (this.readyState !== 1) return
    if (typeof payload === 'string') return this.#fire('message', { data: payload })
    if (this.binaryType !== 'arraybuffer') throw new Error("a Client sets binaryType to 'arraybuffer'")
    this.#fire('message', { data: payload.slice().buffer as ArrayBuffer })
  }

  closing(code: number, reason: string): void {
    if (this.readyState === 1) this.#connection?.closeUp(code, '')
    this.#end(code, reason, true)
  }

  failed(): void {
    if (this.readyState === 3) return
    const error = this.readyState !== 2
    this.readyState = 2
    if (error) this.#fire('error', {})
    this.#end(1006, '', false)
  }

  #dialed(made: Connection | null): void {
    if (this.readyState !== 0) {
      // Closed meanwhile: the node sees a connection that ends at once.
      made?.reset()
      return
    }
    if (made === null) return this.failed()
    this.#connection = made
    this.protocol = made.protocol
    this.readyState = 1
    made.attachClient(this)
    this.#fire('open', {})
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#connection?.leaveClient()
    if (!wasClean) this.#connection?.reset()
    this.#fire('close', { code, reason, wasClean })
  }

  #fire(type: 'open' | 'message' | 'close' | 'error', fields: Omit<SimulatedEvent, 'type'>): void {
    const handler = this[`on${type}`] as ((event: SimulatedEvent) => void) | null
    handler?.({ type, ...fields })
  }
}

/** The class `WebSocket` of one machine. */
export function socketClass(
  dialer: Dialer,
  machine: Machine,
): new (
  url: string,
  protocols?: string | string[],
) => SimulatedWebSocket {
  return class extends SimulatedWebSocket {
    constructor(url: string, protocols: string | string[] = []) {
      super(dialer, machine, url, protocols)
    }
  }
}

function copyOf(payload: string | ArrayBuffer | ArrayBufferView): Payload {
  if (typeof payload === 'string') return payload
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload.slice(0))
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength).slice()
}
