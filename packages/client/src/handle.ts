// One subscription of the application: its queue, its own place in the log, its losses and snapshots. What comes from
// the server reaches it through the attachment it shares with others of the channel. It sends nothing.

import type { From, Lost, Member, Position, RealtimeError } from '@tautline/wire'
import { Backoff } from './backoff.ts'
import { lostFrom } from './cursor.ts'
import { callOutside, Emitter } from './events.ts'
import { type HandleSettings, type Item, interrupted, type Owner } from './handle-parts.ts'
import { must } from './must.ts'
import { isPosition } from './position.ts'
import { Queue } from './queue.ts'
import { Reached } from './reached.ts'
import type {
  Message,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
  SubscriptionState,
  SubscriptionStateChange,
} from './subscription.ts'

const NOBODY: ReadonlyMap<string, Member> = new Map()

export class Handle<T> implements Subscription<T> {
  readonly options: SubscribeOptions<T>
  /** Where the server has to begin for this subscription; null: it follows the attachment. */
  want: From | null
  error: Error | null = null
  state: SubscriptionState = 'idle'
  readonly #owner: Owner
  readonly #settings: HandleSettings
  readonly #emitter: Emitter<SubscriptionEvents<T>>
  readonly #queue: Queue<Item<T>, Message<T>> = new Queue()
  readonly #reached: Reached
  readonly #backoff: Backoff
  /** The position up to which everything is in the queue, or was. */
  #received: Position | null = null
  #ended: Promise<void> | null = null
  /** It did follow, and fell behind. */
  #behind: boolean = false
  /** Losses in the queue, or under way. */
  #losses: number = 0
  /** A snapshot is under way: nothing is handed over. */
  #held: boolean = false
  #draining: boolean = false

  constructor(owner: Owner, settings: HandleSettings, options: SubscribeOptions<T>) {
    const { from, last, onMessage, onLost } = options
    this.options = options
    this.want = from ?? (last === undefined ? 'head' : { last })
    this.#owner = owner
    this.#settings = settings
    this.#emitter = new Emitter(settings.report)
    this.#reached = new Reached(settings.clock)
    this.#backoff = new Backoff(settings.random)
    if (onMessage) this.on('message', onMessage)
    if (onLost) this.on('lost', onLost)
  }

  get channel(): string {
    return this.#owner.channel
  }

  get position(): Position | null {
    return this.#reached.position
  }

  get members(): ReadonlyMap<string, Member> {
    return this.options.presence ? this.#owner.roster.members : NOBODY
  }

  get memberCount(): number {
    return this.options.presence ? this.#owner.roster.count : 0
  }

  on<E extends keyof SubscriptionEvents<T>>(event: E, listener: (event: SubscriptionEvents<T>[E]) => void): () => void {
    const off = this.#emitter.on(event, listener)
    this.#drain()
    return off
  }

  reached(
    position: Position,
    options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    must(isPosition(position), 'reached: give a position that the server gave')
    const promise = this.#reached.wait(position, options.timeout ?? 10_000, options.signal)
    if (this.#over) this.#reached.stop()
    return promise
  }

  unsubscribe(): Promise<void> {
    if (!this.#ended) {
      this.#ended = this.#owner.leave(this)
      this.#queue.clear()
      this.#end()
    }
    return this.#ended
  }

  [Symbol.asyncIterator](): AsyncIterator<Message<T>, undefined> {
    this.#queue.opened = true
    return {
      next: () => {
        const next = this.#queue.next()
        this.#drain()
        return next
      },
      return: async () => {
        await this.unsubscribe()
        return { done: true, value: undefined }
      },
    }
  }

  // What the attachment says.

  /** May the server begin again for it? */
  get ready(): boolean {
    return this.want !== null && (!this.#behind || this.#queue.length <= this.#settings.maxQueue >> 1)
  }

  /** The server has begun where this subscription wanted. */
  follow(start: Position | null): void {
    this.#begin(start, null)
    this.#offer({ position: start })
  }

  /**
   * What the attachment received, if it is the next here too.
   *
   * @param prev the offset of the message before; null where that does not matter
   */
  take(item: Item<T>, prev: number | null): void {
    const { position } = item
    const received = this.#received
    const full = this.#queue.length >= this.#settings.maxQueue
    if (this.want) return
    if (!position || !received) {
      if (!full) this.#offer(item)
      // Without positions there is nothing to read again.
      else this.lost(interrupted(this.channel), null)
      return
    }
    const ahead = position.offset - received.offset
    if (ahead < 0) return
    if (ahead === 0) {
      // Somebody else's replay. The same place with another entry: the log is not the one that was followed here.
      if (position.id !== received.id) return this.lost(lostFrom(received, position), position)
      // Only a fence says something new about the same place.
      if (item.message || item.gap || position.epoch === received.epoch) return
    }
    if (full || (ahead > 0 && prev !== null && prev !== received.offset)) {
      return this.#fallBehind(received)
    }
    this.#received = position
    this.#offer(item)
  }

  /** The log ends here for now: whoever is ahead of it followed another one, which is gone. */
  confirm(head: Position): void {
    const received = this.#received
    if (this.want || !received || received.offset < head.offset || received.id === head.id) return
    this.lost(lostFrom(received, head), head)
  }

  /**
   * @param at where the attachment was: whoever is somewhere else, because it reads again for somebody else, has lost
   * nothing yet and asks for itself
   */
  lost(lost: Lost, start: Position | null, at?: Position | null): void {
    const received = this.#received
    if (at && received && (received.id !== at.id || received.epoch !== at.epoch)) return this.#fallBehind(received)
    this.#begin(start, null)
    const before = this.#queue.last?.lost
    // One notice for losses with nothing between them: they cannot fill the memory.
    if (before)
      this.#queue.replaceLast({ lost: { ...lost, ...(before.from && { from: before.from }) }, position: start })
    else {
      this.#losses++
      this.refresh()
      this.#offer({ lost, position: start })
    }
  }

  /** Refused for good. */
  stop(error: Error): void {
    if (this.#over) return
    this.error = error
    this.#end(error)
  }

  changed(change: SubscriptionEvents<T>['members']): void {
    if (this.options.presence) this.#emitter.emit('members', change)
  }

  /** Something it depends on may have changed its state. */
  refresh(error?: Error): void {
    const previous = this.state
    const state = this.#compute()
    this.state = state
    if (state !== previous) this.#emitter.emit('state', { state, previous, error } as SubscriptionStateChange)
  }

  #compute(): SubscriptionState {
    const { state } = this.#owner
    if (this.#ended) return 'idle'
    if (this.error) return 'stopped'
    if (state === 'waiting' || state === 'joining') return state
    if (this.#losses > 0) return 'resyncing'
    if (this.want) return this.#behind ? 'catching-up' : 'joining'
    return state
  }

  get #over(): unknown {
    return this.#ended ?? this.error
  }

  /** Nothing is taken any more: it leaves `live`, and asks again from here once there is room. */
  #fallBehind(received: Position): void {
    this.#begin(received, received)
    this.#behind = true
    this.refresh()
    this.#owner.pull()
  }

  #begin(received: Position | null, want: Position | null): void {
    this.want = want
    this.#received = received
    this.#behind = false
  }

  #end(error?: Error): void {
    this.#reached.stop()
    this.refresh(error)
    this.#queue.end(error)
  }

  #offer(item: Item<T>): void {
    this.#queue.push(item)
    this.#drain()
  }

  /** Hands over what may be handed over now. */
  #drain(): void {
    const queue = this.#queue
    if (this.#draining) return
    this.#draining = true
    for (;;) {
      const item = queue.first
      if (!item || this.#held) break
      // A loop that asks has dealt with everything before.
      if (queue.opened ? !queue.asked : item.message && !this.#emitter.has('message')) break
      queue.shift()
      this.#hand(item)
    }
    this.#draining = false
    queue.settle()
    if (this.#behind && this.ready && !this.#over) this.#owner.pull()
  }

  #hand({ message, gap, lost, position }: Item<T>): void {
    if (lost) {
      this.#emitter.emit('lost', lost)
      if (this.options.snapshot) this.#snapshot(lost, position, this.#settings.random.unit() * lost.spread)
      else this.#recovered(position, false)
      return
    }
    this.#reached.move(position)
    if (gap) this.#emitter.emit('gap', gap)
    if (message) {
      this.#emitter.emit('message', message)
      this.#queue.give(message)
    }
  }

  /** Nobody fetches at the same moment as everybody else (§6.4). */
  #snapshot(lost: Lost, start: Position | null, wait: number): void {
    const { clock, report } = this.#settings
    const failed = (error: unknown): void => {
      // What time heals is nobody's concern: it is tried again.
      if (!(error as RealtimeError | null)?.temporary) report(error)
      this.#snapshot(lost, start, this.#backoff.next())
    }
    this.#held = true
    clock.setTimer(() => {
      callOutside(failed, async () => {
        if (this.#over) return
        const position: unknown = await this.options.snapshot?.(lost)
        must(
          position === undefined || isPosition(position),
          'snapshot must return a position that the server gave, or nothing',
        )
        if (this.#over) return
        this.#backoff.reset()
        this.#held = false
        if (position === undefined) this.#recovered(start, true)
        else this.#restart(position)
      })
    }, wait)
  }

  /** Everything after `start` follows. */
  #recovered(start: Position | null, covered: boolean): void {
    this.#losses--
    this.#reached.move(start, true, covered)
    this.refresh()
    this.#drain()
  }

  /** The snapshot stands for a position: the server begins behind it, and what waits would only come twice. */
  #restart(position: Position): void {
    this.#queue.clear()
    this.#losses = 0
    this.#reached.move(position, true, true)
    this.#begin(position, position)
    this.refresh()
    this.#owner.pull()
  }
}
