// The client: one connection that is made again whenever it breaks, and everything that lives on it.

import { type Json, LIMITS, type Push, storeBody } from '@tautline/wire'
import { Calls, resultOf } from './calls.ts'
import type { Channel } from './channel.ts'
import { bodyOf, ChannelFace, type ClientParts, quiet } from './channel-face.ts'
import { checkClient, checkMethod, checkName, checkOptions, checkOutbox, checkSignal, whole } from './checks.ts'
import { Connection } from './connection.ts'
import { Emitter } from './events.ts'
import type { ClientOptions } from './options.ts'
import { MemoryOutbox } from './outbox.ts'
import { Publisher } from './publisher.ts'
import type { Session } from './session.ts'
import type { CallOptions, ClientEvents, ClientState, ClientStateChange } from './state.ts'
import { openStream } from './stream.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * @example
 * const client = new Client('https://example.com/realtime', { token: () => fetchToken() })
 * const chat = client.channel<ChatMessage>('chat:42')
 * chat.subscribe({ last: 50, onMessage: (message) => render(message.data) })
 * await chat.publish({ text: 'hello' })
 */
export class Client {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #publisher: Publisher
  readonly #subscriptions: Subscriptions
  readonly #parts: ClientParts
  readonly #events: Emitter<Omit<ClientEvents, 'error'>>
  readonly #errors: Emitter<Pick<ClientEvents, 'error'>>
  #session: Session | null
  #limits: Readonly<Record<string, number>>
  #healthy: boolean
  /** The application closed it: only `connect()` opens it again. */
  #closed: boolean

  /**
   * Connects on first use. Listeners that throw do no harm: the error goes to `on('error')`, or, if nobody listens there,
   * is thrown again in a timer, like that of any event listener.
   *
   * @param url http(s) or ws(s); relative to the page where there is one
   * @throws TypeError saying which option is wrong and what it should be
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    const settings = checkClient(url, options)
    const { clock, random } = settings
    const maxQueue = whole(options.maxQueue, '`maxQueue`', 1, 1_000)
    const thrown = (error: unknown): void => {
      // Where nobody listens a bug of a listener is to be as loud as anywhere else.
      clock.setTimer(() => {
        throw error
      }, 0)
    }
    const report = (error: unknown): void => (this.#errors.has('error') ? this.#trouble(error) : thrown(error))
    this.#errors = new Emitter(thrown)
    this.#events = new Emitter(report)
    this.#publisher = new Publisher({
      clock,
      random,
      report,
      outbox: checkOutbox(options.outbox) ?? new MemoryOutbox(),
    })
    this.#calls = new Calls(clock)
    this.#subscriptions = new Subscriptions(
      { clock, random, maxQueue, report },
      (key) => this.#publisher.isOwn(key),
      (channel) => this.#events.emit('subscribed', { channel }),
    )
    this.#session = null
    this.#limits = {}
    this.#healthy = true
    this.#closed = false
    this.#connection = new Connection(settings, {
      prepare: () => this.#publisher.open(),
      hello: () => ({ client: this.#publisher.client, resume: this.#subscriptions.resume() }),
      up: (session) => this.#up(session),
      down: () => this.#down(),
      push: (push) => this.#push(push),
      state: (change) => this.#changed(change),
      trouble: (error) => this.#trouble(error),
    })
    const limits = (): Readonly<Record<string, number>> => this.#limits
    this.#parts = {
      calls: this.#calls,
      publisher: this.#publisher,
      subscriptions: this.#subscriptions,
      get limits() {
        return limits()
      },
      wanted: () => this.#wanted(),
    }
  }

  get state(): ClientState {
    return this.#connection.state
  }

  /** Does the server reach its store? true while it has not said otherwise. */
  get healthy(): boolean {
    return this.#healthy
  }

  /** Publications that are not settled. */
  get unsettled(): number {
    return this.#publisher.size
  }

  /** Who the server says this is, while connected. */
  get user(): string | undefined {
    return this.#session?.connected.user
  }

  /** Connects now: from `idle`, `stopped`, or without waiting any longer. */
  connect(): void {
    this.#closed = false
    this.#calls.refuse(null)
    this.#connection.connect()
  }

  /**
   * Closes the connection and stays so until `connect()`. Calls under way reject; subscriptions wait with their
   * positions; unsettled publications stay in the outbox, their promises pending.
   */
  close(): void {
    this.#closed = true
    this.#connection.close()
    this.#calls.refuse('the client was closed: connect() first')
  }

  /** @throws TypeError for a name that no channel can have */
  channel<T = Json>(name: string): Channel<T> {
    return new ChannelFace<T>(checkName(name), this.#parts)
  }

  /**
   * Calls a method of the server, at most once. Rejects with the server's RealtimeError, `timeout`, `cancelled`,
   * `unavailable` if it could not be sent, or `unknown` if the connection went away while it ran.
   *
   * @throws TypeError, RealtimeError at once for arguments that no server takes
   */
  call<R = Json>(method: string, argument: Json | Uint8Array = null, options: CallOptions = {}): Promise<R> {
    const call = this.#checkCall(method, argument, options, 30_000)
    this.#wanted()
    const { body, timeout, ms, signal } = call
    const { promise } = this.#calls.ask<'rpc'>({ op: 'rpc', method, ms, ...body }, { timeout, signal })
    return quiet(promise.then((result) => resultOf(result) as R))
  }

  /** Calls a method that answers with many values; the call begins with the iteration, leaving the loop cancels it. */
  stream<R = Json>(
    method: string,
    argument: Json | Uint8Array = null,
    options: CallOptions = {},
  ): AsyncIterable<R, undefined> {
    const call = this.#checkCall(method, argument, options, 0)
    return {
      [Symbol.asyncIterator]: () => {
        this.#wanted()
        return openStream<R>(this.#calls, call)
      },
    }
  }

  /**
   * Listens; the result stops it.
   *
   * @throws TypeError
   */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void {
    if (event === 'error') return this.#errors.on('error', listener as (event: Error) => void)
    return this.#events.on(event as never, listener as never)
  }

  #wanted(): void {
    if (!this.#closed && this.#connection.state === 'idle') this.#connection.connect()
  }

  #checkCall(method: string, argument: Json | Uint8Array, options: CallOptions, otherwise: number) {
    checkMethod(method)
    checkOptions(options, 'call: its options')
    checkSignal(options.signal)
    const body = bodyOf(argument)
    storeBody(body, { body: this.#limits['body'] ?? LIMITS.frame, depth: LIMITS.depth, keys: LIMITS.keys })
    const timeout = whole(options.timeout, 'call: `timeout`', 0, otherwise)
    return { method, body, timeout, ms: timeout === 0 ? LIMITS.wait : timeout, signal: options.signal }
  }

  #up(session: Session): void {
    this.#session = session
    this.#limits = session.connected.limits
    this.#healthy = true
    this.#subscriptions.up(session)
    this.#publisher.up(session)
    this.#calls.up(session)
  }

  #down(): void {
    this.#session = null
    this.#calls.down()
    this.#publisher.down()
    this.#subscriptions.down()
  }

  #push(push: Push): void {
    if (push.ev === 'rpc') this.#calls.push(push)
    else if (push.ev === 'msg') {
      const { data, bytes } = push
      this.#events.emit('message', bytes === undefined ? { data } : { data: undefined, bytes })
    } else if (push.ev === 'health') {
      this.#healthy = push.ok
      this.#events.emit('health', { ok: push.ok })
    } else this.#subscriptions.push(push)
  }

  #changed(change: ClientStateChange): void {
    if (change.state === 'stopped') this.#calls.refuse(`the client is stopped: ${change.reason?.text ?? ''}`)
    this.#events.emit('state', change)
  }

  #trouble(error: unknown): void {
    this.#errors.emit('error', error instanceof Error ? error : new Error(String(error)))
  }
}
