// The events that listeners added with addEventListener and on* attributes get: the small objects of ws, not the
// platform's Event, which is ten times as dear to make.

import type { Data } from './types.ts'
import type { WebSocket } from './websocket.ts'

/** Only the dispatcher sets a target. */
export let assignTarget: (event: Event, target: WebSocket) => void

/** Base of all events. */
export class Event {
  readonly #type: string
  #target: WebSocket | null

  static {
    assignTarget = (event, target) => {
      event.#target = target
    }
  }

  constructor(type: string) {
    this.#type = type
    this.#target = null
  }

  get type(): string {
    return this.#type
  }

  /** The socket it was dispatched at. */
  get target(): WebSocket {
    return this.#target as WebSocket
  }
}

/** The connection is closed. */
export class CloseEvent extends Event {
  readonly #code: number
  readonly #reason: string
  readonly #wasClean: boolean

  constructor(type: string, init: { code?: number; reason?: string; wasClean?: boolean } = {}) {
    super(type)
    this.#code = init.code ?? 0
    this.#reason = init.reason ?? ''
    this.#wasClean = init.wasClean ?? false
  }

  get code(): number {
    return this.#code
  }

  get reason(): string {
    return this.#reason
  }

  /** Both Close frames were exchanged. */
  get wasClean(): boolean {
    return this.#wasClean
  }
}

/** Something failed. */
export class ErrorEvent extends Event {
  readonly #error: unknown
  readonly #message: string

  constructor(type: string, init: { error?: unknown; message?: string } = {}) {
    super(type)
    this.#error = init.error === undefined ? null : init.error
    this.#message = init.message ?? ''
  }

  // biome-ignore lint/suspicious/noExplicitAny: @types/ws types it so, and programs read properties of it
  get error(): any {
    return this.#error
  }

  get message(): string {
    return this.#message
  }
}

/** A message arrived. */
export class MessageEvent extends Event {
  readonly #data: Data

  constructor(type: string, init: { data?: Data | undefined } = {}) {
    super(type)
    this.#data = (init.data === undefined ? null : init.data) as Data
  }

  get data(): Data {
    return this.#data
  }
}

makeEnumerable(Event, ['target', 'type'])
makeEnumerable(CloseEvent, ['code', 'reason', 'wasClean'])
makeEnumerable(ErrorEvent, ['error', 'message'])
makeEnumerable(MessageEvent, ['data'])

/** Attributes are enumerable in the DOM, and programs copy events with `for … in`. */
export function makeEnumerable(of: { readonly prototype: object }, names: readonly string[]): void {
  for (const name of names) Object.defineProperty(of.prototype, name, { enumerable: true })
}

/** By type of event. */
export interface WebSocketEventMap {
  open: Event
  error: ErrorEvent
  close: CloseEvent
  message: MessageEvent
}
