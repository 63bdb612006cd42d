// Is the connection still alive? Notices silence, and sleeps of the machine that no event tells of; asks before it
// judges (tautline.v1 §11.1). It sends nothing itself.

import type { Clock, Timer } from '@tautline/wire'

/** How long a probe may go unanswered, ms. */
const PROBE = 5_000
/** How often it looks, ms. */
const LOOK = 10_000
/** A timer that fires so much late was held back, and so were messages perhaps, ms. */
const LATE = 1_000
/** The wall clock ran ahead of the monotonic one by so much: the machine slept, ms. */
const SLEPT = 5_000

export class Heartbeat {
  readonly #clock: Clock
  readonly #send: () => void
  readonly #dead: () => void
  /** Silence after which it asks, ms. */
  readonly #silence: number
  #heard: number
  #ahead: number
  #look: Timer | null = null
  #probe: Timer | null = null
  /** The timer of the last probe was late, and it was asked again. */
  #again: boolean = false

  /**
   * @param send something that will be answered
   * @param dead nothing was heard
   */
  constructor(
    clock: Clock,
    ping: { readonly every: number; readonly timeout: number },
    send: () => void,
    dead: () => void,
  ) {
    this.#clock = clock
    this.#send = send
    this.#dead = dead
    this.#silence = ping.every + ping.timeout
    this.#heard = clock.now()
    this.#ahead = clock.wall() - this.#heard
    this.#watch()
  }

  /** Something came from the server. */
  heard(): void {
    this.#heard = this.#clock.now()
    this.#clock.clearTimer(this.#probe)
    this.#probe = null
    this.#again = false
  }

  /** Asks now: on wake, when the network is back, when the page is shown. An older question counts no longer. */
  probe(): void {
    this.#clock.clearTimer(this.#probe)
    this.#ask()
  }

  stop(): void {
    this.#clock.clearTimer(this.#look)
    this.#clock.clearTimer(this.#probe)
  }

  #watch(): void {
    // Not later than silence is over; every now and then in any case, for the machine may have slept.
    const silent = this.#heard + this.#silence - this.#clock.now()
    const wait = silent > 0 ? Math.min(LOOK, silent) : LOOK
    this.#look = this.#clock.setTimer(() => {
      const now = this.#clock.now()
      const ahead = this.#clock.wall() - now
      const slept = ahead - this.#ahead > SLEPT
      this.#ahead = ahead
      this.#watch()
      if (this.#probe === null && (slept || now - this.#heard >= this.#silence)) this.#ask()
    }, wait)
  }

  #ask(): void {
    const due = this.#clock.now() + PROBE
    this.#probe = this.#clock.setTimer(() => {
      this.#probe = null
      // A timer that is late itself proves nothing: the answer may be waiting behind it. Once.
      if (this.#clock.now() - due > LATE && !this.#again) {
        this.#again = true
        this.#ask()
      } else this.#dead()
    }, PROBE)
    this.#send()
  }
}
