// Is the store there? Every call to it is watched: one that fails or stays silent for too long makes the node unwell,
// one that succeeds makes it well again. Clients are told, nobody is closed.

import type { Clock, Timer } from '@tautline/wire'

/** ms of silence after which the store counts as out of reach. */
const PATIENCE = 5_000

/** One per node. */
export class Health {
  private readonly clock: Clock
  private readonly tell: (ok: boolean) => void
  /** Of each call under way, when it began; in that order. */
  private readonly calls: Map<symbol, number> = new Map()
  /** Since when nothing succeeded though something was asked; null: all is well. */
  private troubledSince: number | null = null
  private timer: Timer | null = null
  private well = true

  constructor(clock: Clock, tell: (ok: boolean) => void) {
    this.clock = clock
    this.tell = tell
  }

  get ok(): boolean {
    return this.well
  }

  /** Watches one call to the store; its outcome is passed on. */
  watch<T>(call: Promise<T>): Promise<T> {
    const id = Symbol()
    this.calls.set(id, this.clock.now())
    this.arm()
    return call.then(
      (value) => {
        this.calls.delete(id)
        this.succeeded()
        return value
      },
      (error) => {
        this.calls.delete(id)
        this.failed()
        throw error
      },
    )
  }

  /** Something that was asked of the store did not come about. */
  failed(): void {
    this.troubledSince ??= this.clock.now()
    this.arm()
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
  }

  private succeeded(): void {
    this.troubledSince = null
    if (this.calls.size === 0) this.stop()
    if (this.well) return
    this.well = true
    this.tell(true)
  }

  private arm(): void {
    if (this.timer !== null || !this.well) return
    const [oldest] = this.calls.values()
    const since = this.troubledSince ?? oldest
    if (since === undefined) return
    this.timer = this.clock.setTimer(() => this.look(), Math.max(0, since + PATIENCE - this.clock.now()))
  }

  private look(): void {
    this.timer = null
    const [oldest] = this.calls.values()
    const since = Math.min(this.troubledSince ?? Number.POSITIVE_INFINITY, oldest ?? Number.POSITIVE_INFINITY)
    if (since === Number.POSITIVE_INFINITY) return
    if (this.clock.now() - since < PATIENCE) return this.arm()
    this.well = false
    this.tell(false)
  }
}
