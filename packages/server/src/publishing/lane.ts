// A lane: one connection's publishes to one channel, stored in the order in which they were sent, or not at all. When one
// fails in a way that may be tried again, those behind it must not overtake it: the lane breaks (tautline.v1 §7).

import { type Failure, RealtimeError } from '@tautline/wire'

/** The lanes of one connection and channel: the client raises the number to begin a new one. */
export class Lane {
  /** The lane that broke last, and the arrival that failed in it. */
  private number = -1
  private arrival = 0

  /** Came this publish behind a failure? */
  isBroken(number: number, arrival: number): boolean {
    return number < this.number || (number === this.number && arrival > this.arrival)
  }

  /** Has the client gone on to a lane in which nothing failed? Then there is nothing to remember. */
  isPast(number: number): boolean {
    return number > this.number
  }

  /** Takes note of a failure. A final refusal does not break the lane: sending again would not help. */
  failed(number: number, arrival: number, retry: Failure['retry']): void {
    if (retry !== 'later' && retry !== 'unknown') return
    if (number < this.number || (number === this.number && arrival > this.arrival)) return
    this.number = number
    this.arrival = arrival
  }
}

/** What a publish in a broken lane is answered with. */
export function aborted(): RealtimeError {
  return new RealtimeError(
    'aborted',
    'an earlier publication of the lane failed: raise the lane and send again in order',
  )
}
