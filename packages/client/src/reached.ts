// Has a subscription come past a position? (tautline.v1 §4.5) Remembers by which fences and losses it left an epoch, and
// who waits for what. It moves nothing.

import { type Clock, covers, type Position, type Timer } from '@tautline/wire'
import { NotReachedError } from './errors.ts'
import { cancelled, deferred, onAbort } from './promises.ts'

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

export type Verdict = 'reached' | 'diverged' | 'lost' | 'stopped' | 'pending'

export class Reached {
  readonly #clock: Clock
  readonly #steps: Step[] = []
  readonly #waiting: Map<object, { readonly position: Position; settle(verdict: Verdict): void }> = new Map()
  #position: Position | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What was handed over up to now. */
  get position(): Position | null {
    return this.#position
  }

  /** Something was handed over, or a fence passed. */
  move(position: Position | null): void {
    const from = this.#position
    if (from !== null && position !== null && from.epoch !== position.epoch) {
      this.#step({ from, to: position, lost: false, covered: false })
    }
    this.#position = position
    this.#look()
  }

  /** A loss was told, and a snapshot fetched (or there is none). */
  lose(to: Position | null, covered: boolean): void {
    const from = this.#position
    if (from !== null) this.#step({ from, to, lost: true, covered })
    this.#position = to
    this.#look()
  }

  verdict(asked: Position): Verdict {
    for (const { from, to, lost, covered } of this.#steps) {
      if (from.epoch !== asked.epoch) continue
      if (from.offset >= asked.offset) return 'reached'
      if (!lost) return 'diverged'
      if (to?.epoch !== asked.epoch) return 'lost'
      if (to.offset >= asked.offset) return covered ? 'reached' : 'lost'
    }
    return this.#position !== null && covers(this.#position, asked) ? 'reached' : 'pending'
  }

  wait(position: Position, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = deferred<void>()
    if (signal?.aborted) {
      reject(cancelled('reached', signal))
      return promise
    }
    const token = {}
    let timer: Timer | null = null
    const end = (): void => {
      if (timer !== null) this.#clock.clearTimer(timer)
      forget()
      this.#waiting.delete(token)
    }
    const forget = onAbort(signal, () => {
      end()
      reject(cancelled('reached', signal as AbortSignal))
    })
    timer = this.#clock.setTimer(() => {
      end()
      reject(new NotReachedError('timeout', `the position was not reached within ${timeout} ms`))
    }, timeout)
    const settle = (verdict: Verdict): void => {
      if (verdict === 'pending') return
      end()
      if (verdict === 'reached') resolve()
      else reject(new NotReachedError(verdict, TEXTS[verdict]))
    }
    this.#waiting.set(token, { position, settle })
    settle(this.verdict(position))
    return promise
  }

  /** The subscription ended. */
  stop(): void {
    for (const waiting of [...this.#waiting.values()]) waiting.settle('stopped')
  }

  #step(step: Step): void {
    this.#steps.push(step)
    if (this.#steps.length > REMEMBERED) this.#steps.shift()
  }

  #look(): void {
    if (this.#waiting.size === 0) return
    for (const waiting of [...this.#waiting.values()]) waiting.settle(this.verdict(waiting.position))
  }
}

const TEXTS: Readonly<Record<'diverged' | 'lost' | 'stopped', string>> = {
  diverged: 'the log went on from before this position: what was there may have vanished',
  lost: 'messages up to this position were lost, and no snapshot covers it',
  stopped: 'the subscription ended before it came to this position',
}
