// What was revoked, on every node: a log of its own in the broker, which each node reads when it first needs it, follows
// and reads again after interruptions, and the nodes' control for what has to be known at once. It ends what it concerns
// and refuses what comes later. It never forgets before `until`, and where it cannot know it lets nobody pass.

import type { Broker, Detach, Entry, LogRule, Sink } from '@tautline/broker'
import { type Clock, type Position, type Published, RealtimeError, type Timer } from '@tautline/wire'
import { within } from '../deadline.ts'
import type { Grant } from '../options.ts'
import { Known } from './known.ts'
import { keyOf, LONGEST_LIFE, type Revocation, readRevocation, writeRevocation } from './revocation.ts'

/** No client can name it: channels have no space. Patterns that would cover it leave it out (`isReserved`). */
export const REVOCATIONS_CHANNEL = ' revocations'
/** Entries of the log; of those that hold at the same time a quarter, so that none falls off its end. */
const SIZE = 131_072
const MOST = SIZE / 4
/** An entry that holds and has so many behind it is written again; so many with each new one. */
const CARRY_BEHIND = SIZE / 2
const CARRIED = 4
/** ms a connect waits for the log to be read. */
const PATIENCE = 2_000
/** ms between two looks whether the feed lost something without a word. */
const LOOK_EVERY = 20_000
const FIRST_WAIT = 50
const LONGEST_WAIT = 2_000
/** ms by which clocks of nodes differ. What is older and only now read was known to whoever asked the application. */
const SKEW = 5_000
/** A page of the log: entries, bytes. */
const PAGE_ENTRIES = 1_000
const PAGE_BYTES = 1_048_576

/** Is it a channel of the server's own? Nobody subscribes to it, by whatever pattern. */
export function isReserved(channel: string): boolean {
  return channel.startsWith(' ')
}

/** A moment between revocations. */
export interface Mark {
  readonly news: number
  /** Store time, ms since 1970. */
  readonly time: number
}

/** What a node lends. */
export interface RevocationsContext {
  readonly broker: Broker
  readonly clock: Clock
  /** ms of the idempotency window. */
  readonly window: number
  storeTime(): number
  watch<T>(asked: Promise<T>): Promise<T>
  /** Stores an entry behind those before it. */
  append(
    channel: string,
    rule: LogRule,
    json: string,
    key: string | undefined,
    settle: (outcome: Published | RealtimeError) => void,
  ): void
  /** Tells every other node, at most once. */
  tell(revocation: Revocation): void
  /** Something was revoked that was not known here: end what it concerns, in this turn. */
  revoked(revocation: Revocation): void
}

/** One per node. */
export class Revocations {
  private readonly context: RevocationsContext
  private readonly rule: LogRule
  private readonly known: Known = new Known()
  private state: 'idle' | 'loading' | 'ready' | 'stopped' = 'idle'
  /** Resolves when the log was read. */
  private readonly loaded: PromiseWithResolvers<void> = Promise.withResolvers<void>()
  /** Up to here the log was read. */
  private at: Position | 'start' = 'start'
  private detach: Detach | null = null
  private following = false
  /** The feed was interrupted while the log was being read. */
  private missed = false
  private resting = false
  private timer: Timer | null = null
  private wake: (() => void) | null = null

  constructor(context: RevocationsContext) {
    this.context = context
    this.rule = { size: SIZE, ttl: LONGEST_LIFE, window: context.window }
    this.loaded.promise.catch(() => {})
  }

  /** Revocations that hold. */
  get size(): number {
    return this.known.size
  }

  /** Somebody is there whom it may concern: reads the log and follows it, if it does not. */
  start(): void {
    if (this.state === 'idle') this.state = 'loading'
    else if (!this.resting) return
    this.resting = false
    if (!this.stopped) void this.follow()
  }

  /** Nobody is there: hears what the feed brings, and looks no further. */
  rest(): void {
    this.resting = true
    this.disarm()
  }

  stop(): void {
    if (this.state === 'stopped') return
    this.state = 'stopped'
    this.disarm()
    this.wake?.()
    this.letGo()
    this.loaded.reject(unreadable())
  }

  /**
   * To be awaited before `check`, wherever something is granted.
   *
   * @returns undefined where there is nothing to wait for
   * @throws RealtimeError `unavailable`: what was revoked cannot be read, and this grant may have been
   */
  ready(grant: Grant): Promise<void> | undefined {
    if (grant.user !== undefined || grant.token !== undefined) this.start()
    if (this.state === 'ready' || !isRevocable(grant)) return undefined
    return within(this.context.clock, this.loaded.promise, PATIENCE, 'reading what was revoked')
  }

  /**
   * In the turn in which the grant takes effect.
   *
   * @throws RealtimeError `token-revoked`, `unavailable`
   */
  check(grant: Grant): void {
    const { user, token } = grant
    if (token === undefined) return
    if (this.state !== 'ready' && isRevocable(grant)) throw unreadable()
    if (this.known.isRevoked(user, token, this.context.storeTime())) throw new RealtimeError('token-revoked')
  }

  /** When an application is asked who somebody is: for `checkSince`. */
  mark(): Mark {
    return { news: this.known.news, time: this.context.storeTime() }
  }

  /**
   * Whoever brings no token was let in by the application alone; what it said may be older than a revocation of the user
   * that came while it thought.
   *
   * @throws RealtimeError `token-revoked`
   */
  checkSince({ news, time }: Mark, { user, token }: Grant): void {
    if (user === undefined || token !== undefined) return
    if (this.known.isNewlyRevoked(user, news, time - SKEW)) throw new RealtimeError('token-revoked')
  }

  /**
   * Revokes: at once here and on the nodes that hear of it, and for those that come later once it is stored.
   *
   * @returns when it is stored
   * @throws RealtimeError `unavailable`, `unknown`: it may not be stored, and holds only where it was heard; `limit`:
   *   too many hold at the same time
   */
  add(revocation: Revocation): Promise<void> {
    this.start()
    this.known.sweep(this.context.storeTime(), MOST)
    if (this.known.size >= MOST) {
      const what = `more than ${MOST} revocations hold at the same time: give \`until\`, the end of the revoked token`
      return Promise.reject(new RealtimeError('limit', what))
    }
    this.hear(revocation)
    this.context.tell(revocation)
    const stored = this.store(revocation)
    for (const old of this.known.oldest(CARRY_BEHIND, CARRIED)) this.store(old).catch(() => {})
    return stored
  }

  /** Another node said so, or this one. */
  hear(revocation: Revocation): void {
    if (this.state === 'stopped') return
    this.take(revocation, false)
  }

  private take(revocation: Revocation, stored: boolean): void {
    const now = this.context.storeTime()
    if (revocation.until <= now) return
    if (this.known.add(revocation, stored)) this.context.revoked(revocation)
  }

  private store(revocation: Revocation, key?: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const json = JSON.stringify(writeRevocation(revocation))
    this.context.append(REVOCATIONS_CHANNEL, this.rule, json, key, (outcome) => {
      if (outcome instanceof RealtimeError) reject(outcome)
      else resolve()
    })
    return promise
  }

  /** Reads on until nothing is missing; again and again where the store does not answer. */
  private async follow(): Promise<void> {
    if (this.following) {
      this.missed = true
      return
    }
    this.following = true
    for (let wait = FIRST_WAIT; this.state !== 'stopped'; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      this.missed = false
      try {
        this.detach ??= await this.context.watch(this.context.broker.attach(REVOCATIONS_CHANNEL, this.sink))
        await this.readOn()
        if (!this.missed) break
      } catch {
        // Out of reach: what is known holds, and nothing that may have been revoked is let in before the first read.
      }
      await this.wait(wait)
    }
    this.following = false
    // Stopped while it was being attached: the feed that came meanwhile must not stay.
    if (this.state === 'stopped') return this.letGo()
    if (this.state === 'loading') this.state = 'ready'
    this.loaded.resolve()
    this.look()
  }

  private async readOn(): Promise<void> {
    const { broker } = this.context
    let anew = this.at === 'start'
    if (anew) this.known.beginRound()
    // Was something lost that other logs would still have?
    let torn = false
    for (;;) {
      const page = await this.context.watch(
        broker.read(REVOCATIONS_CHANNEL, this.at, PAGE_ENTRIES, PAGE_BYTES, this.rule),
      )
      if (this.stopped) return
      if (page.proof === 'absent') {
        torn ||= page.why !== 'trimmed'
        this.at = 'start'
        anew = true
        this.known.beginRound()
        continue
      }
      for (const entry of page.entries) this.entry(entry)
      const last = page.entries.at(-1)
      this.at = last === undefined ? page.head : { epoch: last.epoch, offset: last.off, id: last.id }
      if (page.more) continue
      if (anew && torn) this.restore()
      return
    }
  }

  /** A store that fell back behind what it had acknowledged is told again, by whoever knows: the same key on each node. */
  private restore(): void {
    for (const one of this.known.missing()) this.store(one, keyOf(one)).catch(() => {})
  }

  private entry(entry: Entry): void {
    if (entry.body.json === undefined) return
    let said: unknown
    try {
      said = JSON.parse(entry.body.json)
    } catch {
      return
    }
    const revocation = readRevocation(said)
    if (revocation !== null) this.take(revocation, true)
  }

  private readonly sink: Sink = {
    entry: (_channel, entry) => {
      if (!this.stopped) this.entry(entry)
    },
    cast: () => {},
    interrupted: () => {
      if (!this.stopped) void this.follow()
    },
  }

  private get stopped(): boolean {
    return this.state === 'stopped'
  }

  private look(): void {
    this.disarm()
    if (this.resting) return
    this.timer = this.context.clock.setTimer(() => {
      this.timer = null
      this.known.sweep(this.context.storeTime(), 0)
      void this.follow()
    }, LOOK_EVERY)
  }

  private disarm(): void {
    if (this.timer !== null) this.context.clock.clearTimer(this.timer)
    this.timer = null
  }

  private async wait(ms: number): Promise<void> {
    if (this.stopped) return
    const { clock } = this.context
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = clock.setTimer(resolve, ms)
    this.wake = resolve
    await promise
    this.wake = null
    clock.clearTimer(timer)
  }

  private letGo(): void {
    this.detach?.()
    this.detach = null
  }
}

/** Can it have been revoked? Whoever brought no token was let in by the application alone, which decides again. */
function isRevocable({ user, token }: Grant): boolean {
  return token !== undefined && (token.id !== undefined || user !== undefined)
}

function unreadable(): RealtimeError {
  return new RealtimeError('unavailable', 'what was revoked cannot be read', { after: 1_000 })
}
