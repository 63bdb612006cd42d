// Who hears a channel on this node right now, and the units of this turn that they have not heard yet. What is published
// in one turn of the loop is one frame for all: the busier the node, the more fits into a turn, and the less a unit costs.

import type { Clock, Codec } from '@tautline/wire'
import type { Frame } from '../link.ts'
import type { Compress } from '../rules/compress.ts'
import type { Sharing } from '../sharing.ts'
import { Streams } from './streams.ts'
import { joinUnits, type Unit } from './unit.ts'

/** A subscription in the fan-out set. */
export interface Receiver {
  readonly codec: Codec
  /** The units as they are, and as the frame that joins them. Both are shared. */
  deliver(units: readonly Unit[], frame: Frame): void
}

/** Units, and about the bytes, that wait for the end of the turn before a frame is made of what there is. */
const MOST_WAITING = 64
const MOST_BYTES = 262_144

/** Calls what has something to flush once, at the end of the turn. One per node. */
export class Turn {
  private readonly clock: Clock
  private waiting: FanOut[] = []
  private readonly run: () => void

  constructor(clock: Clock) {
    this.clock = clock
    this.run = () => this.flushAll()
  }

  add(fanOut: FanOut): void {
    if (this.waiting.push(fanOut) === 1) this.clock.defer(this.run)
  }

  private flushAll(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const fanOut of waiting) fanOut.flush()
  }
}

/** Whose fan-out set it is. */
export interface FanOutOwner {
  /** What of it may be compressed, as the rules are now. */
  readonly compress: Compress
  /** null: nothing is compressed with context. */
  readonly sharing: Sharing | null
}

/** The fan-out set of one channel or pattern. */
export class FanOut {
  private readonly turn: Turn
  private readonly owner: FanOutOwner
  /** null: too few subscribe, or it is not to be compressed together. */
  private streams: Streams | null = null
  private readonly members: Set<Receiver> = new Set()
  /** The members as a list, made anew when they have changed: a flush is not disturbed by whoever comes or goes. */
  private list: readonly Receiver[] | null = null
  private pending: Unit[] = []
  private bytes = 0

  constructor(turn: Turn, owner: FanOutOwner) {
    this.turn = turn
    this.owner = owner
  }

  get size(): number {
    return this.members.size
  }

  get receivers(): readonly Receiver[] {
    this.list ??= [...this.members]
    return this.list
  }

  /** From the next unit on: what waits goes to those who were there before. */
  add(receiver: Receiver): void {
    this.flush()
    this.members.add(receiver)
    this.list = null
  }

  remove(receiver: Receiver): void {
    if (this.members.delete(receiver)) this.list = null
  }

  clear(): void {
    this.members.clear()
    this.list = null
    this.streams?.close()
    this.streams = null
  }

  push(unit: Unit): void {
    if (this.members.size === 0) return
    const waiting = this.pending.push(unit)
    this.bytes += unit.weight
    if (waiting === 1) this.turn.add(this)
    if (waiting >= MOST_WAITING || this.bytes >= MOST_BYTES) this.flush()
  }

  flush(): void {
    if (this.pending.length === 0) return
    const units = this.pending
    this.pending = []
    this.bytes = 0
    const { compress } = this.owner
    const streams = this.streamsFor(compress)
    let json: Frame | null = null
    let msgpack: Frame | null = null
    const { receivers } = this
    for (let i = 0; i < receivers.length; i++) {
      const receiver = receivers[i] as Receiver
      const isJson = receiver.codec.name === 'json'
      let frame: Frame | null = isJson ? json : msgpack
      if (frame === null) {
        frame = joinUnits(units, receiver.codec, compress)
        if (streams !== null) frame = streams.next(frame, receiver.codec)
        if (isJson) json = frame
        else msgpack = frame
      }
      receiver.deliver(units, frame)
    }
  }

  /** Those who come and go around the number from which on it is worth it must not open and close them each time. */
  private streamsFor(compress: Compress): Streams | null {
    const { sharing } = this.owner
    if (sharing === null) return null
    const enough = this.streams === null ? sharing.from : sharing.from / 2
    if (compress !== 'together' || this.members.size < enough) {
      this.streams?.close()
      this.streams = null
    } else this.streams ??= new Streams(sharing)
    return this.streams
  }
}
