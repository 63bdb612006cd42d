// The EventTarget side of a WebSocket on top of its EventEmitter side: addEventListener and the on… attributes. A
// handler is a listener of the emitter that makes an event object of what was emitted.

import { EventEmitter } from 'node:events'
import {
  assignTarget,
  CloseEvent,
  ErrorEvent,
  Event,
  MessageEvent,
  makeEnumerable,
  type WebSocketEventMap,
} from './events.ts'
import type { Data, EventListenerOptions } from './types.ts'
import type { WebSocket } from './websocket.ts'

/** The base of WebSocket. */
export class EventTargetEmitter extends EventEmitter {
  get onopen(): ((event: Event) => void) | null {
    return attributeOf(this, 'open') as (event: Event) => void
  }
  set onopen(handler: ((event: Event) => void) | null) {
    setAttribute(this, 'open', handler)
  }

  get onerror(): ((event: ErrorEvent) => void) | null {
    return attributeOf(this, 'error') as (event: ErrorEvent) => void
  }
  set onerror(handler: ((event: ErrorEvent) => void) | null) {
    setAttribute(this, 'error', handler)
  }

  get onclose(): ((event: CloseEvent) => void) | null {
    return attributeOf(this, 'close') as (event: CloseEvent) => void
  }
  set onclose(handler: ((event: CloseEvent) => void) | null) {
    setAttribute(this, 'close', handler)
  }

  get onmessage(): ((event: MessageEvent) => void) | null {
    return attributeOf(this, 'message') as (event: MessageEvent) => void
  }
  set onmessage(handler: ((event: MessageEvent) => void) | null) {
    setAttribute(this, 'message', handler)
  }

  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: Handler<WebSocketEventMap[K]>,
    options: EventListenerOptions = {},
  ): void {
    addHandler(this, type, listener, Boolean(options?.once), false)
  }

  removeEventListener<K extends keyof WebSocketEventMap>(type: K, listener: Handler<WebSocketEventMap[K]>): void {
    removeHandler(this, type, listener)
  }
}

makeEnumerable(EventTargetEmitter, ['onopen', 'onerror', 'onclose', 'onmessage'])

/** A function, or an object with a `handleEvent` method. */
export type Handler<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void }

const HANDLER: unique symbol = Symbol('handler')
const OF_ATTRIBUTE: unique symbol = Symbol('of an on… attribute')

/** A listener of the emitter that stands for a handler of events. */
interface Listener {
  (this: EventTargetEmitter, ...values: unknown[]): void
  [HANDLER]?: unknown
  [OF_ATTRIBUTE]?: boolean
}

/** `once`: removed before it is called. */
function addHandler(on: EventTargetEmitter, type: string, handler: unknown, once: boolean, ofAttribute: boolean): void {
  // The same handler is added once only, as in the DOM; the attribute's one is independent of it.
  if (!ofAttribute && findHandler(on, type, handler) !== undefined) return
  const makeEvent = EVENTS.get(type)
  if (makeEvent === undefined) return
  const listener: Listener = function (this: EventTargetEmitter, ...values: unknown[]): void {
    const event = makeEvent(this, values)
    assignTarget(event, this as unknown as WebSocket)
    if (typeof handler === 'object' && handler !== null && 'handleEvent' in handler) {
      ;(handler as { handleEvent(event: Event): void }).handleEvent(event)
    } else (handler as (this: EventTargetEmitter, event: Event) => void).call(this, event)
  }
  listener[HANDLER] = handler
  listener[OF_ATTRIBUTE] = ofAttribute
  if (once) on.once(type, listener)
  else on.on(type, listener)
}

function removeHandler(from: EventTargetEmitter, type: string, handler: unknown): void {
  const listener = findHandler(from, type, handler)
  if (listener !== undefined) from.removeListener(type, listener)
}

/** The handler of the `on…` attribute, or null. */
function attributeOf(of: EventTargetEmitter, type: string): unknown {
  return attributeListener(of, type)?.[HANDLER] ?? null
}

/** Sets the `on…` attribute; what is no function clears it. */
function setAttribute(of: EventTargetEmitter, type: string, handler: unknown): void {
  const previous = attributeListener(of, type)
  if (previous !== undefined) of.removeListener(type, previous)
  if (typeof handler === 'function') addHandler(of, type, handler, false, true)
}

function attributeListener(of: EventTargetEmitter, type: string): Listener | undefined {
  return (of.listeners(type) as Listener[]).find((listener) => listener[OF_ATTRIBUTE] === true)
}

function findHandler(of: EventTargetEmitter, type: string, handler: unknown): Listener | undefined {
  return (of.listeners(type) as Listener[]).find(
    (listener) => listener[HANDLER] === handler && listener[OF_ATTRIBUTE] === false,
  )
}

const EVENTS: ReadonlyMap<string, (of: EventTargetEmitter, values: unknown[]) => Event> = new Map<
  string,
  (of: EventTargetEmitter, values: unknown[]) => Event
>([
  ['open', () => new Event('open')],
  [
    'message',
    (_of, [data, isBinary]) => new MessageEvent('message', { data: isBinary ? (data as Data) : String(data) }),
  ],
  [
    'close',
    (of, [code, reason]) =>
      new CloseEvent('close', { code: code as number, reason: String(reason), wasClean: (of as WebSocket)._wasClean }),
  ],
  ['error', (_of, [error]) => new ErrorEvent('error', { error, message: (error as Error).message })],
])
