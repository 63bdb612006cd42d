// The events of a WebSocket, as HTML and the WebSockets Standard define them. Our own classes, because the first touch of
// Node's MessageEvent loads its whole fetch (51 ms, 15 MiB), and because CloseEvent and ErrorEvent are missing in Node 22.

/** DOM §2.2; Node's types name it nowhere. */
export interface EventInit {
  bubbles?: boolean
  cancelable?: boolean
  composed?: boolean
}

export interface MessageEventInit extends EventInit {
  data?: unknown
  origin?: string
  lastEventId?: string
  source?: unknown
  ports?: readonly unknown[]
}

/** A message has come (HTML §9.1). */
export class MessageEvent extends Event {
  readonly #data: unknown
  readonly #origin: string
  readonly #init: MessageEventInit | null

  constructor(type: string, init: MessageEventInit = {}) {
    super(type, init)
    this.#data = init.data === undefined ? null : init.data
    this.#origin = String(init.origin ?? '')
    // The fields that WebSockets never use are looked up where they were given.
    this.#init = init.lastEventId === undefined && init.source === undefined && init.ports === undefined ? null : init
  }

  /** A string, a Blob or an ArrayBuffer. */
  get data(): unknown {
    return this.#data
  }

  /** The origin of the WebSocket's URL. */
  get origin(): string {
    return this.#origin
  }

  get lastEventId(): string {
    return String(this.#init?.lastEventId ?? '')
  }

  get source(): unknown {
    return this.#init?.source ?? null
  }

  get ports(): readonly unknown[] {
    return Object.freeze([...(this.#init?.ports ?? [])])
  }
}

export interface CloseEventInit extends EventInit {
  wasClean?: boolean
  code?: number
  reason?: string
}

/** The connection is closed. */
export class CloseEvent extends Event {
  readonly #wasClean: boolean
  readonly #code: number
  readonly #reason: string

  constructor(type: string, init: CloseEventInit = {}) {
    super(type, init)
    this.#wasClean = Boolean(init.wasClean)
    this.#code = Number(init.code ?? 0) & 0xffff
    this.#reason = String(init.reason ?? '').toWellFormed()
  }

  /** Did both sides exchange Close frames? */
  get wasClean(): boolean {
    return this.#wasClean
  }

  /** The peer's close code; 1005: it gave none; 1006: there was no Close frame (RFC 6455 §7.1.5). */
  get code(): number {
    return this.#code
  }

  get reason(): string {
    return this.#reason
  }
}

export interface ErrorEventInit extends EventInit {
  message?: string
  filename?: string
  lineno?: number
  colno?: number
  error?: unknown
}

/** HTML §8.1.4.6. A WebSocket itself fires plain Events as errors: its reasons are not to be told to pages. */
export class ErrorEvent extends Event {
  readonly #message: string
  readonly #filename: string
  readonly #lineno: number
  readonly #colno: number
  readonly #error: unknown

  constructor(type: string, init: ErrorEventInit = {}) {
    super(type, init)
    this.#message = String(init.message ?? '')
    this.#filename = String(init.filename ?? '')
    this.#lineno = Number(init.lineno ?? 0) >>> 0
    this.#colno = Number(init.colno ?? 0) >>> 0
    this.#error = init.error
  }

  get message(): string {
    return this.#message
  }

  get filename(): string {
    return this.#filename
  }

  get lineno(): number {
    return this.#lineno
  }

  get colno(): number {
    return this.#colno
  }

  get error(): unknown {
    return this.#error
  }
}

for (const [name, type] of Object.entries({ MessageEvent, CloseEvent, ErrorEvent })) {
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true })
}
