// Has a subscription come past a position? (tautline.v1 §4.5) Remembers by which fences and losses it left an epoch, and
// who waits for what. It moves nothing.

import { type Clock, covers, type Position } from '@tautline/wire'
import { NotReachedError } from './errors.ts'
import { bounded, cancelled, deferred } from './promises.ts'

/** The way out of an epoch, or over a hole in it. */
interface Step {
  readonly from: Position
  readonly to: Position | null
  readonly lost: boolean
  /** A snapshot stands for everything up to `to`. */
  readonly covered: boolean
}

/** Steps remembered. */
const REMEMBERED = 64

export type Verdict = 'reached' | 'diverged' | 'lost' | 'pending'

export class Reached {
  /** What was handed over up to now. */
  position: Position | null = null
  readonly #clock: Clock
  readonly #steps: Step[] = []
  /** Each settles itself if it can, or because of `stopped`. */
  readonly #waiting: Set<(stopped?: 'stopped') => void> = new Set()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Something was handed over, a fence passed, a loss told.
   *
   * @param covered by a snapshot: where something was lost
   */
  move(to: Position | null, lost = false, covered = false): void {
    const from = this.position
    if (
      from !== null &&
      (lost || from.epoch !== to?.epoch) &&
      this.#steps.push({ from, to, lost, covered }) > REMEMBERED
    ) {
      this.#steps.shift()
    }
    this.position = to
    for (const look of this.#waiting) look()
  }

  verdict(asked: Position): Verdict {
    for (const { from, to, lost, covered } of this.#steps) {
      if (from.epoch !== asked.epoch) continue
      if (from.offset >= asked.offset) return 'reached'
      if (!lost) return 'diverged'
      if (to?.epoch !== asked.epoch) return 'lost'
      if (to.offset >= asked.offset) return covered ? 'reached' : 'lost'
    }
    return this.position && covers(this.position, asked) ? 'reached' : 'pending'
  }

  wait(asked: Position, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = deferred<void>()
    let end = (): void => {}
    const look = (stopped?: 'stopped'): void => {
      const verdict = stopped ?? this.verdict(asked)
      if (verdict === 'pending') return
      this.#waiting.delete(look)
      end()
      if (verdict === 'reached') resolve()
      else reject(new NotReachedError(verdict))
    }
    this.#waiting.add(look)
    end = bounded(this.#clock, timeout, signal, (aborted) => {
      this.#waiting.delete(look)
      reject(aborted ? cancelled('reached', aborted) : new NotReachedError('timeout'))
    })
    if (this.#waiting.has(look)) look()
    return promise
  }

  /** The subscription ended. */
  stop(): void {
    for (const look of this.#waiting) look('stopped')
  }
}
