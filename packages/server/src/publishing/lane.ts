// A lane: one connection's publishes to one channel, stored in the order in which they were sent, or not at all. When one
// fails in a way that may be tried again, those behind it must not overtake it: the lane breaks (tautline.v1 §7).

import { type Failure, RealtimeError } from '@tautline/wire'

/** The lanes of one connection and channel: the client raises the number to begin a new one. */
export class Lane {
  /** Publishes with this number or a lower one came behind a failure. */
  private brokenUpTo = -1

  isBroken(number: number): boolean {
    return number <= this.brokenUpTo
  }

  /** Takes note of a failure. A final refusal does not break the lane: sending again would not help. */
  failed(number: number, retry: Failure['retry']): void {
    if ((retry === 'later' || retry === 'unknown') && number > this.brokenUpTo) this.brokenUpTo = number
  }
}

/** What a publish in a broken lane is answered with. */
export function aborted(): RealtimeError {
  return new RealtimeError(
    'aborted',
    'an earlier publication of the lane failed: raise the lane and send again in order',
  )
}
