// The events that listeners added with addEventListener and on* attributes get: the small objects of ws, not the
// platform's Event, which is ten times as dear to make.

import type { Data } from './types.ts'
import type { WebSocket } from './websocket.ts'

let assignTarget: (event: Event, target: WebSocket) => void

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

/** A function, or an object with a `handleEvent` method. */
export type Handler<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void }

const HANDLER: unique symbol = Symbol('handler')
const OF_ATTRIBUTE: unique symbol = Symbol('of an on… attribute')

/** A listener of the emitter that stands for a handler of events. */
interface Listener {
  (this: WebSocket, ...values: unknown[]): void
  [HANDLER]?: unknown
  [OF_ATTRIBUTE]?: boolean
}

/** `once`: removed before it is called. */
export function addHandler(on: WebSocket, type: string, handler: unknown, once: boolean, ofAttribute: boolean): void {
  // The same handler is added once only, as in the DOM; the attribute's one is independent of it.
  if (!ofAttribute && findHandler(on, type, handler) !== undefined) return
  const makeEvent = EVENTS.get(type)
  if (makeEvent === undefined) return
  const listener: Listener = function (this: WebSocket, ...values: unknown[]): void {
    const event = makeEvent(this, values)
    assignTarget(event, this)
    if (typeof handler === 'object' && handler !== null && 'handleEvent' in handler) {
      ;(handler as { handleEvent(event: Event): void }).handleEvent(event)
    } else (handler as (this: WebSocket, event: Event) => void).call(this, event)
  }
  listener[HANDLER] = handler
  listener[OF_ATTRIBUTE] = ofAttribute
  if (once) on.once(type, listener)
  else on.on(type, listener)
}

export function removeHandler(from: WebSocket, type: string, handler: unknown): void {
  const listener = findHandler(from, type, handler)
  if (listener !== undefined) from.removeListener(type, listener)
}

/** The handler of the `on…` attribute, or null. */
export function attributeOf(of: WebSocket, type: string): unknown {
  return attributeListener(of, type)?.[HANDLER] ?? null
}

/** Sets the `on…` attribute; what is no function clears it. */
export function setAttribute(of: WebSocket, type: string, handler: unknown): void {
  const previous = attributeListener(of, type)
  if (previous !== undefined) of.removeListener(type, previous)
  if (typeof handler === 'function') addHandler(of, type, handler, false, true)
}

function attributeListener(of: WebSocket, type: string): Listener | undefined {
  return (of.listeners(type) as Listener[]).find((listener) => listener[OF_ATTRIBUTE] === true)
}

function findHandler(of: WebSocket, type: string, handler: unknown): Listener | undefined {
  return (of.listeners(type) as Listener[]).find(
    (listener) => listener[HANDLER] === handler && listener[OF_ATTRIBUTE] === false,
  )
}

const EVENTS: ReadonlyMap<string, (of: WebSocket, values: unknown[]) => Event> = new Map<
  string,
  (of: WebSocket, values: unknown[]) => Event
>([
  ['open', () => new Event('open')],
  [
    'message',
    (_of, [data, isBinary]) => new MessageEvent('message', { data: isBinary ? (data as Data) : String(data) }),
  ],
  [
    'close',
    (of, [code, reason]) =>
      new CloseEvent('close', { code: code as number, reason: String(reason), wasClean: of._wasClean }),
  ],
  ['error', (_of, [error]) => new ErrorEvent('error', { error, message: (error as Error).message })],
])
