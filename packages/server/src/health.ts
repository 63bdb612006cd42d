// Is the store there? Every call to it is watched: one that fails or stays silent for too long makes the node unwell,
// one that succeeds makes it well again. Clients are told, nobody is closed.

import type { Clock, Timer } from '@tautline/wire'

/** ms without any success, though something was asked for, after which the store counts as out of reach. */
const PATIENCE = 5_000

/** One per node. */
export class Health {
  private readonly clock: Clock
  private readonly tell: (ok: boolean) => void
  /** Of each call under way, when it began; in that order. */
  private readonly calls: Map<symbol, number> = new Map()
  /** The first failure since something succeeded, and when that was. */
  private failedFirst: number | null = null
  private succeededLast: number
  private timer: Timer | null = null
  private well = true
  private stopped = false

  constructor(clock: Clock, tell: (ok: boolean) => void) {
    this.clock = clock
    this.tell = tell
    this.succeededLast = clock.now()
  }

  get ok(): boolean {
    return this.well
  }

  /**
   * Watches one call to the store; its outcome is passed on.
   *
   * @param isWell is this answer one of a store that is well? Default: any is
   */
  watch<T>(call: Promise<T>, isWell: (value: T) => boolean = () => true): Promise<T> {
    const id = Symbol()
    this.calls.set(id, this.clock.now())
    this.arm()
    return call.then(
      (value) => {
        this.calls.delete(id)
        if (isWell(value)) this.succeeded()
        else this.failed()
        return value
      },
      (error) => {
        this.calls.delete(id)
        this.failed()
        throw error
      },
    )
  }

  stop(): void {
    this.stopped = true
    this.disarm()
  }

  private failed(): void {
    this.failedFirst ??= this.clock.now()
    this.arm()
  }

  private succeeded(): void {
    this.succeededLast = this.clock.now()
    this.failedFirst = null
    if (this.calls.size === 0) this.disarm()
    if (this.well) return
    this.well = true
    this.tell(true)
    this.arm()
  }

  /** Since when something has been asked for and nothing came of anything: one call that hangs is not the whole store. */
  private get troubledSince(): number | null {
    const [oldest] = this.calls.values()
    const silent = oldest === undefined ? null : Math.max(oldest, this.succeededLast)
    if (silent === null || this.failedFirst === null) return silent ?? this.failedFirst
    return Math.min(silent, this.failedFirst)
  }

  private arm(): void {
    if (this.timer !== null || !this.well || this.stopped) return
    const since = this.troubledSince
    if (since === null) return
    this.timer = this.clock.setTimer(() => this.look(), Math.max(0, since + PATIENCE - this.clock.now()))
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
  }

  private look(): void {
    this.timer = null
    const since = this.troubledSince
    if (since === null) return
    if (this.clock.now() - since < PATIENCE) return this.arm()
    this.well = false
    this.tell(false)
  }
}
