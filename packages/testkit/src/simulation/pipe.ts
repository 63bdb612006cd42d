// One direction of a simulated connection: bytes that travel in order, with latency and jitter, at a rate, and that can
// be held back (nobody reads), swallowed (a dead route) or cut. It knows sizes and order, never what the frames say.

import type { Chance } from './chance.ts'
import type { Machine } from './machine.ts'

/** How a route behaves. */
export interface Route {
  /** ms from end to end. */
  latency: number
  /** At most so many ms more; order holds all the same. */
  jitter: number
  /** Bytes per ms. */
  rate: number
}

interface Parcel {
  readonly size: number
  readonly deliver: () => void
}

/** Sends parcels to one machine. */
export class Pipe {
  readonly #from: Machine
  readonly #to: Machine
  readonly #route: Route
  readonly #chance: Chance
  readonly #queue: Parcel[] = []
  #buffered = 0
  /** Until when the wire is busy with what it has taken. */
  #busy = 0
  #arrived = 0
  #held = false
  #swallows = false
  #cut = false
  #waiting = false
  /** Called when the last waiting byte has been taken. */
  drained: (() => void) | null = null

  constructor(from: Machine, to: Machine, route: Route, chance: Chance) {
    this.#from = from
    this.#to = to
    this.#route = route
    this.#chance = chance
  }

  /** Bytes that the network has not taken yet. */
  get buffered(): number {
    return this.#buffered
  }

  /** Gives a parcel to the network; `deliver` runs on the receiving machine, unless it is lost on the way. */
  send(size: number, deliver: () => void): void {
    if (this.#cut) return
    this.#queue.push({ size, deliver })
    this.#buffered += size
    this.#pump()
  }

  /** Nobody reads: what is sent waits at the sender. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#pump()
  }

  /** A dead route: all that is sent from now on vanishes, and so does what is under way. Nobody is told. */
  swallow(): void {
    this.#swallows = true
  }

  /** Nothing more arrives, and nothing more is taken. */
  cut(): void {
    this.#cut = true
    this.#queue.length = 0
    this.#buffered = 0
  }

  #pump(): void {
    while (!this.#held && !this.#waiting && !this.#cut) {
      const parcel = this.#queue[0]
      if (parcel === undefined) return
      const now = this.#from.now()
      // Less than a nanosecond may be less than the sum of two times can hold.
      if (this.#busy - now > 1e-6) return this.#later(this.#busy - now)
      this.#queue.shift()
      this.#busy = now + parcel.size / this.#route.rate
      this.#buffered -= parcel.size
      this.#travel(parcel, this.#busy)
      if (this.#buffered === 0) this.drained?.()
    }
  }

  #later(ms: number): void {
    this.#waiting = true
    // The network's own time: it takes bytes from a machine that stalls.
    this.#to.outside(() => {
      this.#waiting = false
      this.#pump()
    }, ms)
  }

  #travel(parcel: Parcel, sent: number): void {
    const arrives = Math.max(this.#arrived, sent + this.#route.latency + this.#chance.within(0, this.#route.jitter))
    this.#arrived = arrives
    this.#to.postAt(() => {
      if (!this.#cut && !this.#swallows) parcel.deliver()
    }, arrives)
  }
}
