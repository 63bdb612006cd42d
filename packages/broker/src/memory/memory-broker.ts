// The broker that needs nothing: logs in this process's memory, bounded in channels and bytes. Several server nodes of
// one process may share one. A restart loses everything, and says so: every position is of another epoch then.

import { type Clock, type Position, type Random, RealtimeError, systemClock, systemRandom } from '@tautline/wire'
import type {
  Append,
  Appended,
  Broker,
  Cast,
  Control,
  Detach,
  Entry,
  Facts,
  LogRule,
  Matched,
  Page,
  Sink,
} from '../broker.ts'
import { randomName } from '../ids.ts'
import { checkNames, positive } from '../options.ts'
import { PageBudget } from '../page.ts'
import { prove } from '../proof.ts'
import { slotAt, type Unwritten, unwrittenPosition } from '../unwritten.ts'
import { settle } from '../window.ts'
import { ChannelLog } from './channel-log.ts'
import { Feeds } from './feeds.ts'
import { LocalControl } from './local-control.ts'

export interface MemoryBrokerOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** ms for which the proof of a channel's newest entry outlives its data. Default 30 days. */
  readonly anchor?: number
  /** The longest idempotency window to announce, ms. Default 24 h. */
  readonly window?: number
  /** Channels with a log. Beyond it the one untouched for longest is forgotten. Default 100,000. */
  readonly maxChannels?: number
  /** About the bytes of all logs. Beyond it the same; a single log over it loses its oldest entries. Default 256 MiB. */
  readonly maxBytes?: number
}

const OPTIONS = [
  'clock',
  'random',
  'anchor',
  'window',
  'maxChannels',
  'maxBytes',
] as const satisfies readonly (keyof MemoryBrokerOptions)[]
const DAY = 86_400_000
/** Groups of channels that share the base of their unwritten positions: forgetting one costs its group's inboxes. */
const GROUPS = 4096
/** Channels looked at per append for what has expired: a walk round all of them that never stops. */
const SWEPT_PER_APPEND = 2

export class MemoryBroker implements Broker {
  readonly control: Control
  readonly #control: LocalControl
  readonly #clock: Clock
  readonly #anchor: number
  readonly #facts: Facts
  readonly #maxChannels: number
  readonly #maxBytes: number
  /** In the order in which they were touched. */
  readonly #logs = new Map<string, ChannelLog>()
  readonly #feeds = new Feeds<Sink>()
  readonly #name: string
  readonly #generations = new Uint32Array(GROUPS)
  readonly #startedNow: number
  readonly #startedWall: number
  #epochs = 0
  #bytes = 0
  #sweep: Iterator<[string, ChannelLog]>
  #sweepLeft = 0
  #closed = false

  /** @throws TypeError saying which option is wrong */
  constructor(options: MemoryBrokerOptions = {}) {
    checkNames('MemoryBroker', options, OPTIONS)
    this.#control = new LocalControl()
    this.control = this.#control
    this.#clock = options.clock ?? systemClock
    this.#anchor = positive('anchor', options.anchor ?? 30 * DAY)
    this.#maxChannels = positive('maxChannels', options.maxChannels ?? 100_000)
    this.#maxBytes = positive('maxBytes', options.maxBytes ?? 256 * 1024 * 1024)
    this.#facts = {
      durability: 'memory',
      verified: true,
      offsets: 'dense',
      window: positive('window', options.window ?? DAY),
      survives: 'none',
      anchor: this.#anchor,
      patterns: true,
      cluster: false,
    }
    this.#name = randomName(options.random ?? systemRandom)
    this.#startedNow = this.#clock.now()
    this.#startedWall = this.#clock.wall()
    this.#sweep = this.#logs.entries()
  }

  /** Channels that have a log, and about the bytes of all logs. */
  get usage(): { readonly channels: number; readonly bytes: number } {
    return { channels: this.#logs.size, bytes: this.#bytes }
  }

  facts(): Facts {
    return this.#facts
  }

  async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    if (this.#closed) return batch.map(() => ({ fail: 'unavailable', applied: 'no' }))
    const time = this.#time()
    const at = this.#clock.wall()
    const outcomes = batch.map((append) => this.#appendOne(channel, append, rule, time, at))
    this.#sweepSome(time)
    this.#makeRoom(channel, time)
    return outcomes
  }

  async read(channel: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    const found = this.#prove(channel, after === 'start' ? null : after, rule)
    if (found.proof === 'absent') return found
    const { log, head, served } = found
    if (log === null) return { proof: 'match', entries: [], head, more: false }
    const entries: Entry[] = []
    const budget = new PageBudget(limit, bytes)
    let offset = after === 'start' ? served : after.offset
    for (; offset < head.offset; offset++) {
      const entry = log.entry(offset + 1) as Entry
      if (!budget.take(entry)) break
      entries.push(entry)
    }
    return { proof: 'match', entries, head, more: offset < head.offset }
  }

  async back(channel: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    const found = this.#prove(channel, before === 'head' ? null : before, rule, 'back')
    if (found.proof === 'absent') return found
    const { log, head, served } = found
    if (log === null) return { proof: 'match', entries: [], head, more: false, start: head }
    const end = before === 'head' ? head.offset : before.offset
    const budget = new PageBudget(limit, bytes)
    const entries: Entry[] = []
    let first = end
    for (; first > served; first--) {
      const entry = log.entry(first) as Entry
      if (!budget.take(entry)) break
      entries.push(entry)
    }
    entries.reverse()
    const start = entries.length > 0 ? log.position(first) : before === 'head' ? head : before
    return { proof: 'match', entries, head, more: entries.length > 0 && first > served, start }
  }

  async heads(channels: readonly string[]): Promise<readonly Position[]> {
    this.#open()
    return channels.map((channel) => this.#touch(channel)?.head ?? unwrittenPosition(this.#unwritten(channel)))
  }

  async attach(channel: string, sink: Sink): Promise<Detach> {
    this.#open()
    return this.#feeds.attach(channel, sink)
  }

  async attachPattern(pattern: string, sink: Sink): Promise<Detach> {
    this.#open()
    return this.#feeds.attachPattern(pattern, sink)
  }

  async cast(channel: string, cast: Cast): Promise<void> {
    this.#open()
    this.#feeds.tell(channel, (sink) => sink.cast(channel, cast))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#feeds.flush()
    this.#feeds.clear()
    this.#control.clear()
    this.#logs.clear()
    this.#bytes = 0
  }

  #appendOne(channel: string, append: Append, rule: LogRule, time: number, at: number): Appended {
    let log = this.#touch(channel)
    const record = append.key === undefined ? undefined : log?.key(append.scope, append.key, time)
    // `expires` was made from the node's wall clock, which is this store's too.
    const settled = settle(append, record, at)
    if (settled !== null) return settled
    if (log === undefined) {
      // Never the same twice in this process, so that no (epoch, offset) can name two entries after a log was forgotten.
      const epoch = `${this.#name}-${(++this.#epochs).toString(36)}`
      log = new ChannelLog(channel, unwrittenPosition(this.#unwritten(channel)), epoch, rule)
      this.#logs.set(channel, log)
      this.#bytes += log.weight
    }
    const weight = log.weight
    const entry = log.append(append, time, at, rule)
    this.#bytes += log.weight - weight
    this.#feeds.tell(channel, (sink) => sink.entry(channel, entry))
    return { position: log.head }
  }

  #prove(
    channel: string,
    position: Position | null,
    rule: LogRule,
    direction: 'on' | 'back' = 'on',
  ):
    | (Pick<Matched, 'proof' | 'head'> & { log: ChannelLog | null; served: number })
    | Extract<Page, { proof: 'absent' }> {
    this.#open()
    const log = this.#touch(channel) ?? null
    const now = this.#unwritten(channel)
    const head = log?.head ?? unwrittenPosition(now)
    const served = log?.served(rule, this.#time()) ?? 0
    if (position !== null) {
      // Going back, what the position stands on may have been trimmed: only what is still served is given.
      const verdict = prove(position, log, direction === 'on' ? served : 0, now)
      // No lineage here, so there is none that could differ.
      if (verdict !== 'match') return { proof: 'absent', why: verdict === 'lineage' ? 'epoch' : verdict, head }
    }
    return { proof: 'match', log, head, served }
  }

  /** Store time: from the wall clock at the start, then monotonic, so that a jump expires nothing. */
  #time(): number {
    return this.#startedWall + this.#clock.now() - this.#startedNow
  }

  #unwritten(channel: string): Unwritten {
    const generation = this.#generations[group(channel)] as number
    return {
      base: generation === 0 ? this.#name : `${this.#name}-${generation.toString(36)}`,
      lineage: '',
      slot: slotAt(this.#time(), this.#anchor),
    }
  }

  #touch(channel: string): ChannelLog | undefined {
    const log = this.#logs.get(channel)
    if (log !== undefined) {
      this.#logs.delete(channel)
      this.#logs.set(channel, log)
    }
    return log
  }

  #sweepSome(time: number): void {
    for (let i = 0; i < SWEPT_PER_APPEND; i++) {
      // From the front again after as many steps as there are channels: those touched meanwhile stand at the end.
      if (this.#sweepLeft-- <= 0) {
        this.#sweep = this.#logs.entries()
        this.#sweepLeft = this.#logs.size
      }
      const next = this.#sweep.next()
      if (next.done) {
        this.#sweepLeft = 0
        return
      }
      const [channel, log] = next.value
      const weight = log.weight
      log.trim(time)
      this.#bytes += log.weight - weight
      if (log.lives(this.#anchor) < time) this.#forget(channel, log)
    }
  }

  /** "evicted as a whole": entries, head, keys, in the order in which channels were touched; never the one in use. */
  #makeRoom(channel: string, time: number): void {
    while (this.#logs.size > this.#maxChannels || this.#bytes > this.#maxBytes) {
      const [oldest, log] = this.#logs.entries().next().value as [string, ChannelLog]
      if (oldest !== channel) {
        // "whoever drops one earlier must draw a new B"
        if (log.lives(this.#anchor) >= time) (this.#generations[group(oldest)] as number)++
        this.#forget(oldest, log)
      } else {
        if (log.length <= 1) return
        const weight = log.weight
        log.dropOldest()
        this.#bytes += log.weight - weight
      }
    }
  }

  #forget(channel: string, log: ChannelLog): void {
    this.#logs.delete(channel)
    this.#bytes -= log.weight
  }

  #open(): void {
    if (this.#closed) throw new RealtimeError('unavailable', 'this broker is closed')
  }
}

/** The group of a channel: FNV-1a. */
function group(channel: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < channel.length; i++) hash = Math.imul(hash ^ channel.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % GROUPS
}
