// Who hears a channel on this node right now, and the units of this turn that they have not heard yet. What is published
// in one turn of the loop is one frame for all: the busier the node, the more fits into a turn, and the less a unit costs.

import type { Clock, Codec } from '@tautline/wire'
import type { Frame } from '../link.ts'
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

/** The fan-out set of one channel or pattern. */
export class FanOut {
  private readonly turn: Turn
  private readonly members: Set<Receiver> = new Set()
  /** The members as a list, made anew when they have changed: a flush is not disturbed by whoever comes or goes. */
  private list: readonly Receiver[] | null = null
  private pending: Unit[] = []
  private bytes = 0

  constructor(turn: Turn) {
    this.turn = turn
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
    let json: Frame | null = null
    let msgpack: Frame | null = null
    for (const receiver of this.receivers) {
      let frame: Frame | null = receiver.codec.name === 'json' ? json : msgpack
      if (frame === null) {
        frame = joinUnits(units, receiver.codec)
        if (receiver.codec.name === 'json') json = frame
        else msgpack = frame
      }
      receiver.deliver(units, frame)
    }
  }
}
