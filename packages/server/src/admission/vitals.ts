// How the process is: its memory, and how late its event loop runs. It looks, and does nothing about it.

import { getHeapStatistics } from 'node:v8'
import type { Clock, Timer } from '@tautline/wire'

/** ms between two looks at the loop. */
const PROBE = 50
/** ms for which a look at memory is good. */
const FRESH = 250
/** Of the heap's limit and of what the process may have. */
const SHARE = 0.8

/** What admission asks of the process. */
export interface Vitals {
  /** ms that the loop was late at the least of the last three looks: one long turn, or a pause for garbage, is no lag. */
  lag(): number
  /** Bytes of resident memory. */
  rss(): number
  /** Is the JavaScript heap near its limit? The process would end there, whatever memory the machine has. */
  heapIsFull(): boolean
  stop(): void
}

/** Of this process. The probe runs from the first question on, and does not keep the process alive. */
export class ProcessVitals implements Vitals {
  private readonly clock: Clock
  private timer: Timer | null = null
  private due = 0
  /** ms that the last three looks were late. */
  private last = 0
  private second = 0
  private third = 0
  private looked = Number.NEGATIVE_INFINITY
  private resident = 0
  private full = false

  constructor(clock: Clock) {
    this.clock = clock
  }

  lag(): number {
    const now = this.clock.now()
    if (this.timer === null) this.arm(now)
    const { last, second, third } = this
    // A look that is overdue counts already: within a turn that is too long handshakes are asked for, too.
    return Math.max(Math.min(last, second, third), Math.min(last, second, now - this.due))
  }

  rss(): number {
    this.look()
    return this.resident
  }

  heapIsFull(): boolean {
    this.look()
    return this.full
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
  }

  private arm(now: number): void {
    this.due = now + PROBE
    this.timer = this.clock.setTimer(() => this.probe(), PROBE)
  }

  private probe(): void {
    const now = this.clock.now()
    this.third = this.second
    this.second = this.last
    this.last = now - this.due
    this.arm(now)
  }

  private look(): void {
    const now = this.clock.now()
    if (now - this.looked < FRESH) return
    this.looked = now
    this.resident = process.memoryUsage.rss()
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    this.full = used > limit * SHARE
  }
}

/** Bytes: 80 % of what the process may have, by its control group or the machine. */
export function memoryMark(total: number): number {
  const constrained = process.constrainedMemory?.() ?? 0
  const may = constrained > 0 && constrained < total ? constrained : total
  return Math.floor(may * SHARE)
}
