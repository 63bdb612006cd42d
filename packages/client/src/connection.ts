// One connection at a time, made again when it breaks: token, WebSocket, first answer, heartbeat, and what a close code
// asks for. It carries commands and pushes and knows nothing of channels.

import {
  type ByePush,
  type Clock,
  type Connected,
  type DisconnectAction,
  disconnectAction,
  type Push,
  type Random,
  RealtimeError,
  readOk,
  readServerMessage,
  SERVER_FRAME_LIMITS,
  type Timer,
  WireError,
} from '@tautline/wire'
import { Backoff } from './backoff.ts'
import { Commands } from './commands.ts'
import { Heartbeat } from './heartbeat.ts'
import { Link } from './link.ts'
import type { ClientCodec, Lifecycle, WebSocketClass } from './options.ts'
import type { Hello, Session } from './session.ts'
import type { ClientState, ClientStateChange } from './state.ts'
import { TokenSource } from './token.ts'

export interface ConnectionSettings {
  readonly url: string
  readonly codec: ClientCodec
  readonly WebSocket: WebSocketClass
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly lifecycle: Lifecycle | null
  readonly backoff: { readonly min: number; readonly max: number }
  readonly connectTimeout: number
  readonly clock: Clock
  readonly random: Random
}

/** What a connection tells. Functions of the application may be called from within all but `prepare` and `hello`. */
export interface ConnectionEvents {
  /** Before the first attempt: whatever `hello` needs and may have to wait for. */
  prepare(): void | Promise<void>
  hello(): Hello
  up(session: Session): void
  down(): void
  push(push: Push): void
  state(change: ClientStateChange): void
  trouble(error: unknown): void
}

/**
 * Who may follow whom.
 *
 * | state | left by |
 * |---|---|
 * | idle | connect() → connecting |
 * | connecting | answer → connected; failure, deadline → waiting; refusal → stopped; close() → idle |
 * | connected | lost, bye, silence → waiting; 43xx, 44xx → stopped; close() → idle |
 * | waiting | timer, wake, connect() → connecting; close() → idle |
 * | stopped | connect() → connecting; close() → idle |
 */
const NEXT: Readonly<Record<ClientState, readonly ClientState[]>> = {
  idle: ['connecting'],
  connecting: ['connected', 'waiting', 'stopped', 'idle'],
  connected: ['waiting', 'stopped', 'idle'],
  waiting: ['connecting', 'idle'],
  stopped: ['connecting', 'idle'],
}

/** Two attempts are at least this far apart, unless a random wait is between them; ms. */
const APART = 1_000
/** A connection that held so long was a good one: the next failure is the first again; ms. */
const STEADY = 10_000

/** What the retry of a refused `connect` amounts to. */
const REFUSED: Readonly<Record<RealtimeError['retry'], number>> = {
  no: 4400,
  later: 4003,
  auth: 4200,
  unknown: 4000,
}

const MALFORMED = 4300

/** Why a connection ended. */
interface End {
  readonly code: number
  readonly text: string
  readonly action?: DisconnectAction
  /** ms the server asked to stay away. */
  readonly after?: number
  /** The server may not know yet: the next connection replaces this one. */
  readonly undead?: boolean
}

export class Connection {
  readonly #settings: ConnectionSettings
  readonly #events: ConnectionEvents
  readonly #tokens: TokenSource
  readonly #backoff: Backoff
  #state: ClientState = 'idle'
  /** Counts attempts, and whatever ends one: what was begun under another number is of no interest any more. */
  #attempt: number = 0
  #link: Link | null = null
  #commands: Commands | null = null
  #heartbeat: Heartbeat | null = null
  /** The deadline while connecting, the next attempt while waiting. */
  #timer: Timer | null = null
  #unlisten: (() => void) | null = null
  #previous: { readonly conn: string; readonly secret: string } | null = null
  #began: number = Number.NEGATIVE_INFINITY
  #steadyFrom: number = Number.POSITIVE_INFINITY
  /** The server's time minus the monotonic clock. */
  #ahead: number = 0
  /** The world around changed while an attempt was under way: if it fails, another one at once. */
  #eager: boolean = false
  #renewing: boolean = false

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    this.#settings = settings
    this.#events = events
    this.#tokens = new TokenSource(settings.token)
    this.#backoff = new Backoff(settings.random, settings.backoff.min, settings.backoff.max)
  }

  get state(): ClientState {
    return this.#state
  }

  connect(): void {
    if (this.#state === 'connecting' || this.#state === 'connected') return
    this.#unlisten ??= this.#settings.lifecycle?.listen(() => this.#wake()) ?? null
    this.#begin()
  }

  close(): void {
    if (this.#state === 'idle') return
    this.#link?.end(1000, '')
    this.#backoff.reset()
    this.#ended('idle', { code: 1000, text: 'closed by the application' })
  }

  #begin(): void {
    const attempt = ++this.#attempt
    this.#began = this.#settings.clock.now()
    this.#eager = false
    this.#events.state({ state: 'connecting', previous: this.#enter('connecting') })
    if (attempt !== this.#attempt) return
    this.#setDeadline('no token within the time of `connectTimeout`')
    void this.#open(attempt)
  }

  /** Never rejects. */
  async #open(attempt: number): Promise<void> {
    try {
      await this.#events.prepare()
      const token = await this.#tokens.get(this.#settings.clock.now())
      if (attempt === this.#attempt) this.#dial(token)
    } catch (error) {
      if (attempt !== this.#attempt) return
      this.#events.trouble(error)
      if (attempt !== this.#attempt) return
      const final = error instanceof RealtimeError && error.retry === 'no'
      this.#lost({
        code: final ? REFUSED.no : REFUSED.unknown,
        text: error instanceof Error ? error.message : 'no token',
      })
    }
  }

  #dial(token: string | undefined): void {
    const { codec, url, WebSocket } = this.#settings
    this.#setDeadline('the server did not answer within the time of `connectTimeout`')
    const link: Link = new Link(WebSocket, url, codec, {
      opened: () => this.#opened(link, token),
      frame: (frame) => this.#frame(link, frame),
      closed: (code, text) => this.#lost({ code, text, undead: code === 1006 }),
    })
    this.#link = link
  }

  #opened(link: Link, token: string | undefined): void {
    const { codec } = this.#settings
    if (!link.agreed) {
      this.#rubbish(new WireError('malformed', `the server did not select the subprotocol ${codec.subprotocol}`))
      return
    }
    const commands = new Commands(codec, (frame) => link.send(frame))
    this.#commands = commands
    const { client, resume } = this.#events.hello()
    const replaces = this.#previous
    commands.urgent(
      {
        op: 'connect',
        ...(token === undefined ? null : { token }),
        client,
        features: [],
        ...(replaces === null ? null : { replaces }),
        ...(resume.length === 0 ? null : { resume }),
      },
      (reply) => {
        if (reply?.error !== undefined) this.#refused(RealtimeError.from(reply.error))
        else if (reply !== null) this.#welcome(link, commands, readOk('connect', reply.ok))
      },
    )
  }

  #refused(error: RealtimeError): void {
    const attempt = this.#attempt
    this.#events.trouble(error)
    if (attempt !== this.#attempt) return
    this.#link?.end(1000, '')
    this.#lost({
      code: REFUSED[error.retry],
      text: error.message,
      ...(error.after === undefined ? null : { after: error.after }),
    })
  }

  #welcome(link: Link, commands: Commands, connected: Connected): void {
    const { clock } = this.#settings
    const received = clock.now()
    this.#clearTimer()
    commands.limit(connected.limits)
    this.#previous = { conn: connected.conn, secret: connected.secret }
    this.#steadyFrom = received + STEADY
    this.#ahead = connected.time - received
    if (connected.expires !== undefined) this.#tokens.endsAt(connected.expires - this.#ahead)
    this.#heartbeat = new Heartbeat(clock, connected.ping, {
      probe: () => commands.urgent({ op: 'ping' }, () => {}),
      dead: () => {
        link.end(4001, 'no answer')
        this.#lost({ code: 4001, text: 'the server did not answer', undead: true })
      },
    })
    const attempt = this.#attempt
    const session: Session = {
      connected,
      get buffered() {
        return link.buffered
      },
      serverTime: () => Math.round(clock.now() + connected.time - received),
      send: (request, settle) => commands.send(request, settle),
      urgent: (request, settle) => commands.urgent(request, settle),
      withdraw: (ticket) => commands.withdraw(ticket),
      renew: () => void this.#renew(commands),
    }
    this.#events.state({ state: 'connected', previous: this.#enter('connected') })
    if (attempt === this.#attempt) this.#events.up(session)
  }

  #frame(link: Link, frame: string | Uint8Array): void {
    const { codec } = this.#settings
    this.#heartbeat?.heard()
    try {
      if ((typeof frame === 'string') === codec.binary) throw new WireError('malformed', 'a frame of the other kind')
      for (const decoded of codec.decode(frame, SERVER_FRAME_LIMITS)) {
        const message = readServerMessage(decoded)
        if (message === null) continue
        if ('id' in message && !('ev' in message)) this.#commands?.reply(message)
        else this.#push(message as Push)
        // Whoever heard it may have closed the connection.
        if (this.#link !== link) return
      }
    } catch (error) {
      if (this.#link === link) this.#rubbish(error)
    }
  }

  #push(push: Push): void {
    if (push.ev === 'ping') this.#commands?.pong()
    else if (push.ev === 'bye') this.#bye(push)
    else if (this.#state !== 'connected') return
    else if (push.ev === 'refresh') void this.#renew(this.#commands)
    // `drain` is passed on as well: whoever makes before it breaks takes it from there. Ignored, it ends with 4100.
    else this.#events.push(push)
  }

  #bye({ code, reason, after }: ByePush): void {
    this.#link?.end(1000, '')
    this.#lost({ code, text: reason, ...(after === undefined ? null : { after }) })
  }

  /** The server makes no sense: tell it, and try another time. */
  #rubbish(error: unknown): void {
    const attempt = this.#attempt
    const code = error instanceof WireError ? error.closeCode : MALFORMED
    const text = error instanceof Error ? error.message : String(error)
    this.#link?.end(code, text)
    this.#events.trouble(error)
    if (attempt === this.#attempt) this.#lost({ code, text, action: 'backoff' })
  }

  /** A new token on this connection. Never rejects. */
  async #renew(commands: Commands | null): Promise<void> {
    if (commands === null || this.#renewing || !this.#tokens.renewable) return
    this.#renewing = true
    try {
      const token = await this.#tokens.fresh()
      if (this.#commands === commands) {
        commands.urgent({ op: 'refresh', token }, (reply) => {
          if (reply?.error !== undefined) this.#events.trouble(RealtimeError.from(reply.error))
          const expires = reply?.ok === undefined ? undefined : readOk('refresh', reply.ok).expires
          if (expires !== undefined) this.#tokens.endsAt(expires - this.#ahead)
        })
      }
    } catch (error) {
      this.#events.trouble(error)
    } finally {
      this.#renewing = false
    }
  }

  #lost(end: End): void {
    const { clock } = this.#settings
    if (this.#state === 'connected' && end.undead !== true) this.#previous = null
    if (clock.now() >= this.#steadyFrom) this.#backoff.reset()
    let action = end.action ?? disconnectAction(end.code)
    if (action === 'token') {
      this.#tokens.stale()
      // The same token again would be refused again.
      action = this.#tokens.renewable ? 'return' : 'stop'
    }
    if (action === 'stop') {
      this.#ended('stopped', end)
      return
    }
    const atOnce = (action === 'return' || this.#eager) && clock.now() - this.#began >= APART
    const retryIn = atOnce && !end.after ? 0 : this.#backoff.next(end.after)
    const attempt = this.#ended('waiting', end, retryIn)
    if (attempt !== this.#attempt || this.#state !== 'waiting') return
    if (retryIn === 0) this.#begin()
  }

  /** Leaves whatever was there, and tells everyone. Gives the number under which this is still true. */
  #ended(state: ClientState, end: End, retryIn?: number): number {
    const previous = this.#enter(state)
    const commands = this.#commands
    const attempt = ++this.#attempt
    this.#clearTimer()
    this.#heartbeat?.stop()
    this.#heartbeat = null
    this.#commands = null
    this.#link = null
    this.#steadyFrom = Number.POSITIVE_INFINITY
    if (state === 'idle') this.#previous = null
    if (state !== 'waiting') {
      this.#unlisten?.()
      this.#unlisten = null
    }
    if (retryIn !== undefined && retryIn > 0) {
      this.#timer = this.#settings.clock.setTimer(() => this.#begin(), retryIn)
    }
    commands?.gone()
    if (previous === 'connected') this.#events.down()
    this.#events.state({
      state,
      previous,
      reason: { code: end.code, text: end.text },
      ...(retryIn === undefined ? null : { retryIn }),
    })
    return attempt
  }

  #wake(): void {
    const { clock } = this.#settings
    if (this.#state === 'connected') this.#heartbeat?.probe()
    else if (this.#state === 'connecting') this.#eager = true
    else if (this.#state === 'waiting') {
      this.#backoff.reset()
      this.#clearTimer()
      // Events of this kind come in swarms.
      if (clock.now() - this.#began >= APART) this.#begin()
      else this.#timer = clock.setTimer(() => this.#begin(), this.#backoff.next())
    }
  }

  #setDeadline(text: string): void {
    this.#clearTimer()
    this.#timer = this.#settings.clock.setTimer(() => {
      this.#link?.end(4005, 'timeout')
      this.#lost({ code: 4005, text, undead: true })
    }, this.#settings.connectTimeout)
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#settings.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  /** Gives the state before. */
  #enter(state: ClientState): ClientState {
    const previous = this.#state
    if (!NEXT[previous].includes(state)) throw new Error(`a connection cannot go from ${previous} to ${state}`)
    this.#state = state
    return previous
  }
}
