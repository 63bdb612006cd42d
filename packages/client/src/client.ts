// The client: one connection that is made again whenever it breaks, and everything that lives on it.

import { CLIENT_LIMITS, type Json, loadBody, type Push, type RpcCommand } from '@tautline/wire'
import { bodyOf } from './body.ts'
import { Calls, resultOf } from './calls.ts'
import type { Channel } from './channel.ts'
import { ChannelFace, type ClientParts, quiet } from './channel-face.ts'
import { check, checkClient } from './checks.ts'
import { Connection } from './connection.ts'
import type {
  Bearing,
  CallArguments,
  CallMethod,
  ChannelOf,
  Contract,
  ContractOf,
  Naming,
  NoContract,
  NotCalling,
  ResultOf,
  StreamMethod,
} from './contract.ts'
import { Emitter } from './events.ts'
import type { ClientOptions } from './options.ts'
import { MemoryOutbox } from './outbox.ts'
import { Publisher } from './publisher.ts'
import type { CallOptions, ClientEvents, ClientState } from './state.ts'
import { openStream } from './stream.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * @example
 * const client = new Client('https://example.com/realtime', { token: () => fetchToken() })
 * const chat = client.channel<ChatMessage>('chat:42')
 * chat.subscribe({ last: 50, onMessage: (message) => render(message.data) })
 * await chat.publish({ text: 'hello' })
 */
export class Client<C extends Contract = NoContract> implements Bearing<C> {
  /** A type, no value: `new Client<typeof contract>(url)`. */
  declare readonly '~contract'?: C
  readonly #events: Emitter<ClientEvents>
  readonly #parts: ClientParts
  readonly #connection: Connection
  #user: string | undefined
  #healthy: boolean = true
  /** The application closed it: only `connect()` opens it again. */
  #closed: boolean = false

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
    const thrown = (error: unknown): void => {
      // Where nobody listens a bug of a listener is to be as loud as anywhere else.
      clock.setTimer(() => {
        throw error
      }, 0)
    }
    const trouble = (error: unknown): void =>
      this.#events.emit('error', error instanceof Error ? error : new Error(String(error)), thrown)
    const report = (error: unknown): void => (this.#events.has('error') ? trouble : thrown)(error)
    const { outbox = new MemoryOutbox(), maxQueue = 1_000 } = options
    const wanted = (): void => {
      if (!this.#closed && this.state === 'idle') this.#connection.connect()
    }
    const calls = new Calls(clock, wanted)
    const publisher = new Publisher({ clock, random, report, outbox })
    const subscriptions = new Subscriptions({ clock, random, maxQueue, report }, publisher, (channel) =>
      this.#events.emit('subscribed', { channel }),
    )
    this.#events = new Emitter(report)
    this.#parts = { calls, publisher, subscriptions, limits: {}, wanted }
    this.#connection = new Connection(settings, {
      prepare: () => publisher.open(),
      hello: () => ({ client: publisher.client, resume: subscriptions.resume() }),
      up: (session) => {
        this.#user = session.connected.user
        this.#parts.limits = session.connected.limits
        this.#healthy = true
        for (const part of [subscriptions, publisher, calls]) part.up(session)
      },
      down: () => {
        this.#user = undefined
        for (const part of [calls, publisher, subscriptions]) part.down()
      },
      push: (push) => this.#push(push),
      state: (change) => {
        if (change.state === 'stopped') calls.refuse(`the client is stopped: ${change.reason?.text}`)
        this.#events.emit('state', change)
      },
      trouble,
    })
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
    return this.#parts.publisher.size
  }

  /** Who the server says this is, while connected. */
  get user(): string | undefined {
    return this.#user
  }

  /** Connects now: from `idle`, `stopped`, or without waiting any longer. */
  connect(): void {
    this.#closed = false
    this.#parts.calls.refuse(null)
    this.#connection.connect()
  }

  /**
   * Closes the connection and stays so until `connect()`. Calls under way reject; subscriptions wait with their
   * positions; unsettled publications stay in the outbox, their promises pending.
   */
  close(): void {
    this.#closed = true
    this.#connection.close()
    this.#parts.calls.refuse('the client was closed: connect() first')
  }

  /** @throws TypeError for a name that no channel can have */
  channel<B, N extends string>(this: Naming<B, N>, name: N): ChannelOf<B, N>
  channel<T = Json>(name: string): Channel<T>
  channel<T = Json>(name: string): Channel<T> {
    return new ChannelFace<T>(name, this.#parts)
  }

  /**
   * Calls a method of the server, at most once. Rejects with the server's RealtimeError, `timeout`, `cancelled`,
   * `unavailable` if it could not be sent, or `unknown` if the connection went away while it ran.
   *
   * @throws TypeError, RealtimeError at once for arguments that no server takes
   */
  call<B, M extends CallMethod<ContractOf<B>>>(
    this: B,
    method: M,
    ...rest: CallArguments<ContractOf<B>, M, CallOptions>
  ): Promise<ResultOf<ContractOf<B>, M>>
  call<R = Json, M extends string = string, B = unknown>(
    this: NotCalling<B, M>,
    method: M,
    argument?: Json | Uint8Array,
    options?: CallOptions,
  ): Promise<R>
  call<R = Json>(method: string, argument: Json | Uint8Array = null, options: CallOptions = {}): Promise<R> {
    const bounded = { timeout: 30_000, ...options }
    const call = this.#call(method, argument, bounded)
    return quiet(this.#parts.calls.ask<'rpc'>(call, bounded).promise.then(resultOf<R>))
  }

  /** Calls a method that answers with many values; the call begins with the iteration, leaving the loop cancels it. */
  stream<B, M extends StreamMethod<ContractOf<B>>>(
    this: B,
    method: M,
    ...rest: CallArguments<ContractOf<B>, M, CallOptions>
  ): AsyncIterable<ResultOf<ContractOf<B>, M>, undefined>
  stream<R = Json, M extends string = string, B = unknown>(
    this: NotCalling<B, M>,
    method: M,
    argument?: Json | Uint8Array,
    options?: CallOptions,
  ): AsyncIterable<R, undefined>
  stream<R = Json>(
    method: string,
    argument: Json | Uint8Array = null,
    options: CallOptions = {},
  ): AsyncIterable<R, undefined> {
    const call = { ...this.#call(method, argument, options), stream: true }
    return { [Symbol.asyncIterator]: () => openStream<R>(this.#parts.calls, call, options) }
  }

  /**
   * Listens; the result stops it.
   *
   * @throws TypeError
   */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener)
  }

  #call(method: string, argument: Json | Uint8Array, options: CallOptions): RpcCommand {
    const { timeout } = check('call', { ...options, method: method ?? null })
    return { op: 'rpc', method, ms: timeout || CLIENT_LIMITS.wait, ...loadBody(bodyOf(argument, this.#parts.limits)) }
  }

  #push(push: Push): void {
    if (push.ev === 'rpc') this.#parts.calls.push(push)
    else if (push.ev === 'msg')
      this.#events.emit('message', { data: push.data, ...(push.bytes && { bytes: push.bytes }) })
    else if (push.ev === 'health') {
      this.#healthy = push.ok
      this.#events.emit('health', { ok: push.ok })
    } else this.#parts.subscriptions.push(push)
  }
}
