// Lines in the log about a backend that fails: as many as tell what happens, not one for each request. At most one a
// second of a kind; the next says how many were left out.

import type { Clock } from '@tautline/wire'
import type { Log } from '../options.ts'

const EVERY = 1_000

export class Complaints {
  private readonly clock: Clock
  private readonly log: Log
  /** By kind: few, from our own tables. */
  private readonly kinds: Map<string, { since: number; suppressed: number }> = new Map()

  constructor(clock: Clock, log: Log) {
    this.clock = clock
    this.log = log
  }

  /** Of a kind that may come often. */
  complain(kind: string, event: string, fields: Readonly<Record<string, string | number>>): void {
    const now = this.clock.now()
    const known = this.kinds.get(kind)
    if (known !== undefined && now - known.since < EVERY) {
      known.suppressed++
      return
    }
    const suppressed = known?.suppressed ?? 0
    this.kinds.set(kind, { since: now, suppressed: 0 })
    this.say(event, suppressed === 0 ? fields : { ...fields, suppressed })
  }

  say(event: string, fields: Readonly<Record<string, string | number>>): void {
    try {
      this.log(event, fields)
    } catch {
      // A logger that fails is no reason to fail.
    }
  }
}
