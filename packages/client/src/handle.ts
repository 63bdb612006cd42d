// One subscription of the application: its queue, its own place in the log, its losses and snapshots. What comes from
// the server reaches it through the attachment it shares with others of the channel. It sends nothing.

import {
  type Clock,
  type From,
  isPattern,
  type Json,
  type Lost,
  type Member,
  type Position,
  type Random,
} from '@tautline/wire'
import { Backoff } from './backoff.ts'
import { callOutside, Emitter, type Report } from './events.ts'
import { isPosition } from './position.ts'
import { Queue } from './queue.ts'
import { Reached } from './reached.ts'
import type {
  Gap,
  Message,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
  SubscriptionState,
} from './subscription.ts'

/** What a subscription is run with. */
export interface HandleSettings {
  readonly clock: Clock
  readonly random: Random
  readonly maxQueue: number
  readonly report: Report
}

/** What a subscription sees of its attachment. */
export interface Owner {
  readonly channel: string
  /** Of the attachment itself, whoever shares it. */
  readonly state: 'waiting' | 'joining' | 'catching-up' | 'live' | 'stopped'
  readonly members: ReadonlyMap<string, Member>
  readonly memberCount: number
  /** `want` was set: ask the server for it when nothing else is asked. */
  pull(): void
  leave(handle: Handle<Json>): Promise<void>
}

const NOBODY: ReadonlyMap<string, Member> = new Map()
/** `reached` waits so long if nothing else is said, ms. */
const PATIENCE = 10_000

/** What stands in the queue beside messages: it is handled when what came before it was handed over. */
type Marker =
  | { readonly kind: 'position'; readonly position: Position | null }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'lost'; readonly lost: Lost; readonly start: Position | null }
type Item<T> = { readonly kind: 'message'; readonly message: Message<T> } | Marker

export class Handle<T> implements Subscription<T> {
  readonly options: SubscribeOptions<T>
  /** Where the server has to begin for this subscription; null: it follows the attachment. */
  want: From | null
  /** The position up to which everything is in the queue, or was. */
  received: Position | null = null
  error: Error | null = null
  readonly #owner: Owner
  readonly #settings: HandleSettings
  readonly #emitter: Emitter<SubscriptionEvents<T>>
  readonly #queue: Queue<Item<T>, Message<T>> = new Queue()
  readonly #reached: Reached
  readonly #backoff: Backoff
  #state: SubscriptionState = 'idle'
  #ended: Promise<void> | null = null
  /** It did follow, and fell behind. */
  #behind: boolean = false
  /** Losses in the queue, or under way. */
  #losses: number = 0
  /** A snapshot is under way: nothing is handed over. */
  #held: boolean = false
  #draining: boolean = false

  constructor(owner: Owner, settings: HandleSettings, options: SubscribeOptions<T>) {
    this.options = options
    this.want = options.from ?? (options.last === undefined ? 'head' : { last: options.last })
    this.#owner = owner
    this.#settings = settings
    this.#emitter = new Emitter(settings.report)
    this.#reached = new Reached(settings.clock)
    this.#backoff = new Backoff(settings.random, 500, 20_000)
    if (options.onMessage !== undefined) this.#emitter.on('message', options.onMessage)
    if (options.onLost !== undefined) this.#emitter.on('lost', options.onLost)
  }

  get channel(): string {
    return this.#owner.channel
  }

  get state(): SubscriptionState {
    return this.#state
  }

  get position(): Position | null {
    return this.#reached.position
  }

  get members(): ReadonlyMap<string, Member> {
    return this.options.presence === true ? this.#owner.members : NOBODY
  }

  get memberCount(): number {
    return this.options.presence === true ? this.#owner.memberCount : 0
  }

  on<E extends keyof SubscriptionEvents<T>>(event: E, listener: (event: SubscriptionEvents<T>[E]) => void): () => void {
    const off = this.#emitter.on(event, listener)
    if (event === 'message') this.#drain()
    return off
  }

  reached(
    position: Position,
    options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (!isPosition(position)) throw new TypeError('reached: give the position that `publish` or a message gave')
    const promise = this.#reached.wait(position, options.timeout ?? PATIENCE, options.signal)
    if (this.#ended !== null || this.error !== null) this.#reached.stop()
    return promise
  }

  unsubscribe(): Promise<void> {
    if (this.#ended === null) {
      this.#ended = this.#owner.leave(this as unknown as Handle<Json>)
      this.#finish()
    }
    return this.#ended
  }

  [Symbol.asyncIterator](): AsyncIterator<Message<T>, undefined> {
    this.#queue.open()
    return {
      next: async () => {
        const waiting = this.#queue.next()
        this.#drain()
        return waiting
      },
      return: async () => {
        await this.unsubscribe()
        return { done: true, value: undefined }
      },
    }
  }

  // What the attachment says.

  /** The server has begun where this subscription wanted. */
  follow(start: Position | null): void {
    this.want = null
    this.#behind = false
    this.received = start
    this.#offer({ kind: 'position', position: start })
  }

  /**
   * A message of the attachment, whose position has the offset `off` and the predecessor `prev`; `position` null: a
   * channel without positions.
   */
  message(message: Message<T>, prev: number): void {
    if (this.want !== null) return
    const { position } = message
    const { received } = this
    if (position === null || received === null) {
      if (!this.#full()) this.#offer({ kind: 'message', message })
      else this.lost({ why: isPattern(this.channel) ? 'pattern' : 'ephemeral', to: null, spread: 0 }, null)
      return
    }
    if (position.offset <= received.offset) {
      // Somebody else's replay. The same place with another entry: the log is not the one that was followed here.
      if (position.offset < received.offset || position.id === received.id) return
      this.lost({ why: 'diverged', from: received, to: position, spread: 0 }, position)
    } else if (prev !== received.offset) this.#fallBehind(received)
    else if (this.#full()) this.#fallBehind(received)
    else {
      this.received = position
      this.#offer({ kind: 'message', message })
    }
  }

  fence(position: Position): void {
    const { received } = this
    if (this.want !== null || received === null || position.offset < received.offset) return
    if (this.#full()) return this.#fallBehind(received)
    this.received = position
    this.#offer({ kind: 'position', position })
  }

  /** The log ends here for now: whoever is ahead of it followed another one, which is gone. */
  confirm(head: Position): void {
    const { received } = this
    if (this.want !== null || received === null || received.offset < head.offset || received.id === head.id) return
    this.lost({ why: 'diverged', from: received, to: head, spread: 0 }, head)
  }

  gap(gap: Gap): void {
    const { received } = this
    if (this.want !== null || received === null || gap.to.offset <= received.offset) return
    if (this.#full()) return this.#fallBehind(received)
    this.received = gap.to
    this.#offer({ kind: 'gap', gap })
  }

  lost(lost: Lost, start: Position | null): void {
    this.want = null
    this.#behind = false
    this.received = start
    const last = this.#queue.last
    // One notice for losses with nothing between them: they cannot fill the memory.
    if (last?.kind === 'lost') {
      const { from } = last.lost
      this.#queue.replaceLast({ kind: 'lost', lost: from === undefined ? lost : { ...lost, from }, start })
      return
    }
    this.#losses++
    this.refresh()
    this.#offer({ kind: 'lost', lost, start })
  }

  /** Refused for good. */
  stop(error: Error): void {
    if (this.#ended !== null || this.error !== null) return
    this.error = error
    this.#reached.stop()
    this.refresh(error)
    this.#queue.end(error)
  }

  changed(change: SubscriptionEvents<T>['members']): void {
    if (this.options.presence === true) this.#emitter.emit('members', change)
  }

  /** Something it depends on may have changed its state. */
  refresh(error?: Error): void {
    const previous = this.#state
    const state = this.#compute()
    if (state === previous) return
    this.#state = state
    this.#emitter.emit('state', { state, previous, ...(error === undefined ? null : { error }) })
  }

  #compute(): SubscriptionState {
    if (this.#ended !== null) return 'idle'
    if (this.error !== null) return 'stopped'
    const { state } = this.#owner
    if (state === 'waiting' || state === 'joining') return state
    if (this.#losses > 0) return 'resyncing'
    if (this.want !== null) return this.#behind ? 'catching-up' : 'joining'
    return state
  }

  #finish(): void {
    this.#queue.clear()
    this.#queue.end(null)
    this.#reached.stop()
    this.refresh()
  }

  #full(): boolean {
    return this.#queue.length >= this.#settings.maxQueue
  }

  /** Nothing is taken any more: it leaves `live`, and asks again from here once there is room. */
  #fallBehind(received: Position): void {
    this.want = received
    this.#behind = true
    this.refresh()
    if (this.#roomy()) this.#owner.pull()
  }

  /** May the server begin again for it? */
  get ready(): boolean {
    return this.want !== null && (!this.#behind || this.#roomy())
  }

  #roomy(): boolean {
    return this.#queue.length <= this.#settings.maxQueue >> 1
  }

  #offer(item: Item<T>): void {
    this.#queue.push(item)
    this.#drain()
  }

  /** Hands over what may be handed over now. */
  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    for (;;) {
      const item = this.#queue.first
      if (item === undefined || this.#held) break
      // A loop that asks has dealt with everything before.
      if (this.#queue.opened ? !this.#queue.asked : item.kind === 'message' && !this.#emitter.has('message')) break
      this.#queue.shift()
      if (item.kind === 'message') {
        this.#reached.move(item.message.position)
        this.#emitter.emit('message', item.message)
        this.#queue.give(item.message)
      } else this.#mark(item)
    }
    this.#draining = false
    this.#queue.settle()
    if (this.#behind && this.#ended === null && this.ready) this.#owner.pull()
  }

  #mark(marker: Marker): void {
    if (marker.kind === 'position') this.#reached.move(marker.position)
    else if (marker.kind === 'gap') {
      this.#reached.move(marker.gap.to)
      this.#emitter.emit('gap', marker.gap)
    } else {
      this.#emitter.emit('lost', marker.lost)
      if (this.options.snapshot === undefined) this.#recovered(marker.start, false)
      else this.#snapshot(marker.lost, marker.start, this.#settings.random.unit() * marker.lost.spread)
    }
  }

  /** Nobody fetches at the same moment as everybody else (§6.4). */
  #snapshot(lost: Lost, start: Position | null, wait: number): void {
    this.#held = true
    const { clock, report } = this.#settings
    clock.setTimer(() => {
      if (this.#ended !== null || this.error !== null) return
      const failed = (error: unknown): void => {
        report(error)
        this.#snapshot(lost, start, this.#backoff.next())
      }
      const done = (position: unknown): void => {
        if (this.#ended !== null || this.error !== null) return
        this.#backoff.reset()
        this.#held = false
        if (position === undefined) this.#recovered(start, true)
        else if (isPosition(position)) this.#restart(position)
        else failed(new TypeError('`snapshot` must return a position that the server gave, or nothing'))
      }
      callOutside(failed, async () => {
        done(await this.options.snapshot?.(lost))
      })
    }, wait)
  }

  /** Everything after `start` follows. */
  #recovered(start: Position | null, covered: boolean): void {
    this.#losses--
    this.#reached.lose(start, covered)
    this.refresh()
    this.#drain()
  }

  /** The snapshot stands for a position: the server begins behind it, and what waits would only come twice. */
  #restart(position: Position): void {
    this.#queue.clear()
    this.#losses = 0
    this.#reached.lose(position, true)
    this.want = position
    this.received = position
    this.#behind = false
    this.refresh()
    this.#owner.pull()
  }
}
