// The one attachment that all subscriptions of the application to a channel share: asks the server for it, follows its
// chain, and asks again where the chain breaks (tautline.v1 §4.3, §5.3). What is handed over when is handle.ts.

import {
  type Fence,
  type From,
  type GapPush,
  type Json,
  type LostPush,
  type MembersPage,
  type PresenceCommand,
  type Publication,
  RealtimeError,
  readOk,
  type Sub,
  type Subscribed,
  type Timer,
} from '@tautline/wire'
import { type Asked, nextQuestion, type Registry } from './asking.ts'
import { Backoff } from './backoff.ts'
import { Chains } from './chains.ts'
import { Cursor } from './cursor.ts'
import type { Handle } from './handle.ts'
import { type Item, interrupted, type Owner } from './handle-parts.ts'
import { messageOf } from './message.ts'
import { isPosition } from './position.ts'
import { Roster } from './roster.ts'
import type { Session } from './session.ts'
import { strictest } from './strictest.ts'

export class Attachment implements Owner {
  readonly channel: string
  readonly handles: Set<Handle<Json>> = new Set()
  /** The server made it, unasked. */
  readonly server: boolean
  state: Owner['state'] = 'waiting'
  /** Was the server ever asked on this connection? Then it has to be told when it ends. */
  known: boolean = false
  readonly #registry: Registry
  readonly #cursor: Cursor = new Cursor()
  readonly roster: Roster
  readonly #backoff: Backoff
  /** Patterns only: where each channel is. */
  readonly #chains: Chains = new Chains()
  #mode: Subscribed['mode'] = 'log'
  #session: Session | null = null
  #asked: Asked | null = null
  /** What the server was told last. */
  #told: string = ''
  #timer: Timer | null = null
  /** What the application's function gave, until the server wants another one. */
  #token: string | undefined
  /** The offset behind which the chain was found broken last. */
  #broken: number | undefined

  constructor(channel: string, registry: Registry, server: boolean) {
    this.channel = channel
    this.server = server
    this.#registry = registry
    this.roster = new Roster(
      (page, settle) => this.#fetchMembers(page, settle),
      (change) => {
        for (const handle of this.handles) handle.changed(change)
      },
    )
    this.#backoff = new Backoff(registry.settings.random)
  }

  add(handle: Handle<Json>): void {
    this.handles.add(handle)
    // The attachment is where it wants to begin.
    if (this.#settled) this.#welcome(handle)
    handle.refresh()
    this.pull()
  }

  pull(): void {
    if (this.#settled && (this.#told !== this.#terms() || this.#some((handle) => handle.ready))) this.#ask()
  }

  async leave(handle: object): Promise<void> {
    if (!this.handles.delete(handle as Handle<Json>)) return
    // Laxer terms are no reason to ask again.
    this.#told = this.#terms()
    if (this.handles.size === 0) await this.#registry.dismissed(this)
  }

  /** Ends it here; what the server is told is the registry's. */
  close(): void {
    this.down()
    this.handles.clear()
  }

  // The connection.

  /** Its entry of `connect.resume`. */
  resume(): Sub {
    this.#asked = this.#next(true)
    return this.#sub(this.#asked.from)
  }

  up(session: Session): void {
    this.#session = session
    if (!this.#asked) this.#ask()
    else this.#enter('joining')
  }

  down(): void {
    this.#clearTimer()
    this.#session = null
    this.#asked = null
    this.known = false
    this.roster.end()
    if (this.state !== 'stopped') this.#enter('waiting')
  }

  // Pushes.

  /** The server made it, on this connection. */
  adopt(session: Session, sub: Subscribed): void {
    this.#session = session
    this.known = true
    this.#told = this.#terms()
    this.#answered({ from: 'head', by: null, resumed: true }, sub)
  }

  /** The server says unasked where it begins: an entry of `resume`, or a subscription it made beside this one. */
  announced(sub: Subscribed): void {
    if (this.#asked?.resumed) this.#answered(this.#asked, sub)
    // It may begin somewhere else than where this one is: prove it from here.
    else if (this.#settled) this.#ask()
  }

  /** A pattern: did something come of the channel already? */
  knows(channel: string): boolean {
    return this.#chains.places.has(channel)
  }

  /** A pattern: something of the channel was lost. */
  forget(channel: string): void {
    if (this.#chains.places.delete(channel)) this.#interrupted()
  }

  /** A publication, a fence or a gap of the channel, or of one that the pattern covers. */
  entry(push: Publication | Fence | GapPush): void {
    // What arrives while something is asked is of an attachment that is being replaced.
    if (!this.#settled) return
    const before = this.#cursor.position
    const step = !before ? this.#chains.step(push) : this.#cursor.step(push)
    if (step === 'duplicate') return
    if (step === 'broken') {
      if (before) return this.#repair()
      this.#interrupted()
    }
    const { position } = this.#cursor
    if (push.ev === 'pub') {
      const message = messageOf(push, position, this.#registry.publisher.isOwn(push.key))
      this.#take({ position, message }, before?.offset ?? null)
    } else if (push.ev === 'gap') {
      const { to, count, why } = push
      this.#take({ position, gap: { to, count, why } }, null)
    } else if (position) this.#take({ position }, null)
    if (this.state === 'catching-up' && this.#cursor.live) {
      this.#confirm()
      this.#enter('live')
    }
  }

  lost({ lost, start }: LostPush): void {
    const { position } = this.#cursor
    if (!this.#settled) return
    this.#cursor.lose(start)
    this.#chains.places.clear()
    this.state = 'live'
    this.#registry.lost(this.channel)
    for (const handle of this.handles) if (!handle.want) handle.lost(lost, start, position)
    this.#refresh()
    this.pull()
  }

  ended(error: RealtimeError): void {
    // A question under way has its own answer.
    if (this.#asked?.resumed === false) return
    this.#asked = null
    this.#refused(error)
  }

  // Asking.

  /** Answered, and nothing asked since. */
  get #settled(): boolean {
    return !this.#asked && (this.state === 'live' || this.state === 'catching-up')
  }

  #some(test: (handle: Handle<Json>) => boolean | undefined): boolean {
    return [...this.handles].some(test)
  }

  #next(resumed: boolean): Asked {
    const anyway = !this.#settled || this.#told !== this.#terms()
    return { ...nextQuestion([...this.handles], this.#cursor.position, anyway), resumed }
  }

  #sub(from: From): Sub {
    this.#told = this.#terms()
    this.known = true
    return {
      ch: this.channel,
      from,
      ...this.#strictest(),
      ...(this.#token && { token: this.#token }),
      server: this.server || undefined,
    } as Sub
  }

  /** What has to give a token before the server can be asked. */
  get source(): ((channel: string) => string | Promise<string>) | false {
    const { token } = this.#strictest()
    return !this.#token && typeof token === 'function' && token
  }

  #terms(): string {
    return JSON.stringify(this.#strictest())
  }

  #strictest(): ReturnType<typeof strictest> {
    return strictest([...this.handles].map((handle) => handle.options))
  }

  #ask(): void {
    const session = this.#session
    if (!session || this.#asked || this.#timer !== null) return
    // Whoever follows loses nothing by asking for another first: §4.3 holds for each subscription by itself.
    const asked = this.#next(false)
    const { source } = this
    const failed = (error: unknown): void => {
      if (this.#asked !== asked) return
      this.#asked = null
      this.#refused(error as RealtimeError)
    }
    const send = (token?: string): void => {
      if (this.#asked !== asked) return
      this.#token ??= token
      session.send({ op: 'subscribe', ...this.#sub(asked.from) }, (reply) => {
        if (reply?.error) failed(RealtimeError.from(reply.error))
        else if (reply && this.#asked === asked) this.#answered(asked, readOk('subscribe', reply.ok))
      })
    }
    this.#asked = asked
    if (source) void Promise.resolve(this.channel).then(source).then(send, failed)
    else send()
    this.#enter('joining')
  }

  #answered({ from, by }: Asked, sub: Subscribed): void {
    const cursor = this.#cursor
    const before = cursor.position
    const followers = [...this.handles].filter((handle) => !handle.want)
    this.#asked = null
    this.#mode = sub.mode
    this.#backoff.reset()
    const lost = cursor.answer(sub, isPosition(from) ? from : null)
    const { position } = cursor
    this.state = cursor.live ? 'live' : 'catching-up'
    for (const handle of by ?? []) {
      if (!handle.want || !this.handles.has(handle)) continue
      if (lost) handle.lost(lost, position)
      else handle.follow(position)
    }
    for (const handle of this.handles) this.#welcome(handle)
    if (!by) {
      this.#chains.places.clear()
      if (lost) this.#registry.lost(this.channel)
      for (const handle of followers) {
        if (lost) handle.lost(lost, position, before)
        else if (position) handle.take({ position }, null)
        // Without positions nobody can say what was missed.
        else handle.lost(interrupted(this.channel), null)
      }
    } else if (followers.length > 0 && before && (lost || before.offset < (position?.offset ?? 0))) {
      // It begins behind where the others are: they go on from their own place, and it takes what follows.
      cursor.position = before
      this.state = 'joining'
      this.#ask()
    }
    if (this.#some(({ options }) => options.presence)) this.roster.begin()
    if (this.state === 'live') this.#confirm()
    this.#refresh()
    this.pull()
  }

  /** Nothing has to be read again for whoever begins now. */
  #welcome(handle: Handle<Json>): void {
    if (handle.want === 'head' || (handle.want && this.#mode !== 'log')) handle.follow(this.#cursor.now)
  }

  /** §4.3 rule 6. A server whose chain breaks at the same place again is not asked in a circle. */
  #repair(): void {
    const offset = this.#cursor.position?.offset
    const again = this.#broken === offset
    this.#broken = offset
    if (again) this.#later()
    else this.#ask()
  }

  #refused(error: RealtimeError): void {
    if (error.retry === 'no') {
      const handles = [...this.handles]
      this.state = 'stopped'
      this.#clearTimer()
      void this.#registry.dismissed(this)
      for (const handle of handles) handle.stop(error)
      return
    }
    if (error.retry === 'auth') {
      // Which of the two it meant cannot be told: that of the channel ends alone, and sooner.
      if (this.#token) this.#token = undefined
      else this.#session?.renew()
    }
    this.#later(error)
  }

  /** Asks again after a while, from where it is. */
  #later(error?: RealtimeError): void {
    this.#clearTimer()
    this.#timer = this.#registry.settings.clock.setTimer(() => {
      this.#timer = null
      this.#ask()
    }, this.#backoff.next(error?.after))
    this.#enter('waiting', error)
  }

  #clearTimer(): void {
    this.#registry.settings.clock.clearTimer(this.#timer)
    this.#timer = null
  }

  // Telling.

  /** A loss that the client itself knows of. */
  #interrupted(): void {
    for (const handle of this.handles) handle.lost(interrupted(this.channel), null)
  }

  #take(item: Item<Json>, prev: number | null): void {
    for (const handle of this.handles) handle.take(item, prev)
  }

  /** The log was read again for one subscription: is everybody else's position still in it? */
  #confirm(): void {
    const { position } = this.#cursor
    if (position) for (const handle of this.handles) handle.confirm(position)
  }

  #enter(state: Owner['state'], error?: RealtimeError): void {
    this.state = state
    this.#refresh(error)
  }

  #refresh(error?: RealtimeError): void {
    for (const handle of this.handles) handle.refresh(error)
  }

  #fetchMembers(page: string | undefined, settle: (page: MembersPage | null) => void): void {
    const session = this.#session
    session?.send({ op: 'presence', ch: this.channel, page } as PresenceCommand, (reply) => {
      if (!reply?.error) settle(reply && readOk('presence', reply.ok))
      else if (reply.error.retry === 'no') settle(null)
      else {
        const again = (): void => {
          if (this.#session === session) this.#fetchMembers(page, settle)
        }
        this.#registry.settings.clock.setTimer(again, this.#backoff.next(reply.error.after))
      }
    })
  }
}
