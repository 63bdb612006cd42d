// One connection at a time, made again when it breaks: token, WebSocket, first answer, heartbeat, and what a close code
// asks for. It carries commands and pushes and knows nothing of channels.

import {
  type ConnectCommand,
  type Connected,
  disconnectAction,
  RealtimeError,
  readOk,
  readServerMessage,
  SERVER_FRAME_LIMITS,
  type ServerMessage,
  type Timer,
  WireError,
} from '@tautline/wire'
import { Backoff } from './backoff.ts'
import { Commands } from './commands.ts'
import type { ConnectionEvents, ConnectionSettings, End } from './connection-parts.ts'
import { Heartbeat } from './heartbeat.ts'
import { Link } from './link.ts'
import { must } from './must.ts'
import type { Session } from './session.ts'
import type { ClientState, ClientStateChange } from './state.ts'

/** Two attempts are at least this far apart, unless a random wait is between them; ms. */
const APART = 1_000
/** A connection that held so long was a good one: the next failure is the first again; ms. */
const STEADY = 10_000

/** What the retry of a refused `connect`, or of a token that cannot be had, amounts to. */
const REFUSED: Readonly<Record<string, number>> = { no: 4400, later: 4003, auth: 4200 }

/**
 * | state | left by |
 * |---|---|
 * | idle | connect() → connecting |
 * | connecting | answer → connected; failure, deadline → waiting; refusal → stopped; close() → idle |
 * | connected | lost, bye, silence → waiting; 43xx, 44xx → stopped; close() → idle |
 * | waiting | timer, wake, connect() → connecting; close() → idle |
 * | stopped | connect() → connecting; close() → idle |
 */
export class Connection {
  state: ClientState = 'idle'
  readonly #settings: ConnectionSettings
  readonly #events: ConnectionEvents
  readonly #backoff: Backoff
  /** What is being made, or stands; whatever belongs to another one is of no interest any more. */
  #link: Link | null = null
  #commands: Commands | null = null
  #heartbeat: Heartbeat | null = null
  /** The deadline while connecting, the next attempt while waiting. */
  #timer: Timer | null = null
  #unlisten: (() => void) | undefined
  #previous: { readonly conn: string; readonly secret: string } | undefined
  #began: number = Number.NEGATIVE_INFINITY
  #steadyFrom: number = Number.POSITIVE_INFINITY
  /** The server's time minus the monotonic clock. */
  #ahead: number = 0
  /** The world around changed while an attempt was under way: if it fails, another one at once. */
  #eager: boolean = false
  /** Kept across reconnects: a thousand clients that come back must not become a thousand requests for tokens. */
  #token: string | undefined
  #tokenEnds: number = Number.POSITIVE_INFINITY
  #renewing: Commands | null = null
  /** Counts attempts and ends. */
  #turn: number = 0

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    this.#settings = settings
    this.#events = events
    this.#backoff = new Backoff(settings.random, settings.backoff.min, settings.backoff.max)
  }

  connect(): void {
    if (this.state === 'connecting' || this.state === 'connected') return
    this.#unlisten ??= this.#settings.lifecycle?.listen(() => this.#wake())
    this.#begin()
  }

  close(): void {
    if (this.state === 'idle') return
    this.#backoff.reset()
    this.#previous = undefined
    this.#ended('idle', { code: 1000, text: 'closed' })
  }

  #begin(): void {
    const turn = ++this.#turn
    this.#began = this.#settings.clock.now()
    this.#eager = false
    this.#deadline('no token in time')
    this.#enter('connecting')
    void this.#open(turn)
  }

  /** Never rejects. */
  async #open(turn: number): Promise<void> {
    try {
      await this.#events.prepare()
      const stale = this.#token === undefined || this.#settings.clock.now() >= this.#tokenEnds
      const token = stale ? await this.#fetch() : this.#token
      if (turn === this.#turn) this.#dial(token)
    } catch (error) {
      if (turn === this.#turn) this.#refused(error)
    }
  }

  /** The text that was given, or a new token from the application. */
  async #fetch(): Promise<string | undefined> {
    const { token } = this.#settings
    const fetched: unknown = typeof token === 'function' ? await token() : token
    must(fetched === token || (typeof fetched === 'string' && fetched !== ''), 'token() must give text')
    this.#token = fetched as string | undefined
    this.#tokenEnds = Number.POSITIVE_INFINITY
    return this.#token
  }

  #dial(token: string | undefined): void {
    const { codec, url, WebSocket } = this.#settings
    this.#deadline('no answer in time')
    const link: Link = new Link(WebSocket, url, codec, {
      opened: () => {
        if (link.agreed) this.#greet(link, token)
        else this.#rubbish(new WireError('malformed', `the server does not speak ${codec.subprotocol}`))
      },
      frame: (frame) => this.#frame(link, frame),
      closed: (code, text) => this.#lost({ code, text, undead: code === 1006 }),
    })
    this.#link = link
  }

  #greet(link: Link, token: string | undefined): void {
    const commands = new Commands(this.#settings.codec, (frame) => link.send(frame))
    this.#commands = commands
    const hello = this.#events.hello()
    commands.urgent(
      { op: 'connect', token, features: [], replaces: this.#previous, ...hello } as ConnectCommand,
      (reply) => {
        if (reply?.error) this.#refused(RealtimeError.from(reply.error))
        else if (reply) this.#welcome(link, commands, readOk('connect', reply.ok))
      },
    )
  }

  /** No token, or no connection with it. */
  #refused(error: unknown): void {
    const { retry = '', after } = error as Partial<RealtimeError>
    this.#trouble(error, { code: REFUSED[retry] ?? 4000, after })
  }

  #welcome(link: Link, commands: Commands, connected: Connected): void {
    const { clock } = this.#settings
    const { conn, secret, time, expires, ping, limits } = connected
    const now = clock.now()
    this.#clearTimer()
    commands.limits = limits
    this.#previous = { conn, secret }
    this.#steadyFrom = now + STEADY
    this.#ahead = time - now
    this.#expires(expires)
    this.#heartbeat = new Heartbeat(
      clock,
      ping,
      () => commands.urgent({ op: 'ping' }, () => {}),
      () => this.#lost({ code: 4001, text: 'no answer', undead: true }),
    )
    const turn = this.#turn
    this.#enter('connected')
    if (turn !== this.#turn) return
    const session: Session = Object.assign(commands, {
      connected,
      buffered: () => link.buffered,
      serverTime: () => Math.round(clock.now() + time - now),
      renew: () => void this.#renew(commands),
    })
    this.#events.up(session)
  }

  #frame(link: Link, frame: string | Uint8Array): void {
    const { codec } = this.#settings
    this.#heartbeat?.heard()
    // It lives: if it ends later, everybody else's may end with it.
    this.#eager = false
    try {
      if ((typeof frame === 'string') === codec.binary) throw new WireError('malformed', 'wrong frame')
      for (const decoded of codec.decode(frame, SERVER_FRAME_LIMITS)) {
        const message = readServerMessage(decoded)
        if (message) this.#message(message)
        // Whoever heard it may have closed the connection.
        if (this.#link !== link) return
      }
    } catch (error) {
      if (this.#link === link) this.#rubbish(error)
    }
  }

  #message(message: ServerMessage): void {
    if (!('ev' in message)) this.#commands?.reply(message)
    else if (message.ev === 'ping') this.#commands?.pong()
    else if (message.ev === 'bye') this.#lost({ code: message.code, text: message.reason, after: message.after })
    else if (message.ev === 'refresh') void this.#renew(this.#commands)
    // `drain` is passed on as well: whoever makes before it breaks takes it from there. Ignored, it ends with 4100.
    else if (this.state === 'connected') this.#events.push(message)
  }

  /** The server makes no sense: tell it, and try another time. */
  #rubbish(error: unknown): void {
    const code = error instanceof WireError ? error.closeCode : 4300
    this.#trouble(error, { code, action: 'backoff' })
  }

  /** Reports, and then ends the connection unless somebody who heard of it has. */
  #trouble(error: unknown, end: Omit<End, 'text'>): void {
    const turn = this.#turn
    this.#events.trouble(error)
    // What is shown to people is the sentence, without the name of the class.
    if (turn === this.#turn) this.#lost({ ...end, text: `${(error as Error | null)?.message ?? error}` })
  }

  /** A new token on this connection. Never rejects. */
  async #renew(commands: Commands | null): Promise<void> {
    if (typeof this.#settings.token !== 'function' || this.#renewing === commands) return
    this.#renewing = commands
    try {
      const token = (await this.#fetch()) as string
      if (this.#commands !== commands) return
      commands?.urgent({ op: 'refresh', token }, (reply) => {
        if (reply?.error) this.#events.trouble(RealtimeError.from(reply.error))
        else if (reply) this.#expires(readOk('refresh', reply.ok).expires)
      })
    } catch (error) {
      this.#events.trouble(error)
    }
    if (this.#renewing === commands) this.#renewing = null
  }

  #expires(expires: number | undefined): void {
    if (expires !== undefined) this.#tokenEnds = expires - this.#ahead
  }

  #lost(end: End): void {
    const { clock, token } = this.#settings
    if (this.state === 'connected' && !end.undead) this.#previous = undefined
    if (clock.now() >= this.#steadyFrom) this.#backoff.reset()
    let action = end.action ?? disconnectAction(end.code)
    if (action === 'token') {
      this.#token = undefined
      // A text that was refused would be refused again.
      action = typeof token === 'function' ? 'return' : 'stop'
    }
    if (action === 'stop') return void this.#ended('stopped', end)
    const atOnce = (action === 'return' || this.#eager) && clock.now() - this.#began >= APART
    const retryIn = atOnce && !end.after ? 0 : this.#backoff.next(end.after)
    const turn = this.#ended('waiting', end, retryIn)
    if (turn === this.#turn && retryIn === 0) this.#begin()
  }

  /** Leaves whatever was there, and tells everyone. Gives the turn in which this is still true. */
  #ended(state: ClientState, end: End, retryIn?: number): number {
    const turn = ++this.#turn
    const connected = this.state === 'connected'
    const commands = this.#commands
    this.#clearTimer()
    // Only 1000 and 3000 to 4999 may be said. A link that has closed by itself does not mind.
    this.#link?.end(end.code >= 3000 ? end.code : 1000, end.text)
    this.#heartbeat?.stop()
    this.#heartbeat = this.#commands = this.#link = null
    this.#steadyFrom = Number.POSITIVE_INFINITY
    if (state !== 'waiting') {
      this.#unlisten?.()
      this.#unlisten = undefined
    }
    if (retryIn) this.#timer = this.#settings.clock.setTimer(() => this.#begin(), retryIn)
    const previous = this.state
    this.state = state
    commands?.gone()
    if (connected) this.#events.down()
    const reason = { code: end.code, text: end.text }
    this.#events.state({ state, previous, reason, retryIn } as ClientStateChange)
    return turn
  }

  #wake(): void {
    const { clock } = this.#settings
    this.#heartbeat?.probe()
    this.#eager = true
    if (this.state !== 'waiting') return
    this.#backoff.reset()
    this.#clearTimer()
    // Events of this kind come in swarms.
    if (clock.now() - this.#began >= APART) this.#begin()
    else this.#timer = clock.setTimer(() => this.#begin(), this.#backoff.next())
  }

  #deadline(text: string): void {
    const { clock, connectTimeout } = this.#settings
    this.#clearTimer()
    this.#timer = clock.setTimer(() => this.#lost({ code: 4005, text, undead: true }), connectTimeout)
  }

  #clearTimer(): void {
    this.#settings.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  #enter(state: ClientState): void {
    const previous = this.state
    this.state = state
    this.#events.state({ state, previous })
  }
}
