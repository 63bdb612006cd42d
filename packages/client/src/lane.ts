// One lane: the unsettled publications of a channel in their order, and how far this connection has sent them
// (tautline.v1 §7.4). It decides what goes next, and sends nothing itself.

import type { Timer } from '@tautline/wire'
import type { Backoff } from './backoff.ts'
import type { PublishResult } from './channel.ts'
import type { OutboxEntry } from './outbox.ts'
import type { Deferred } from './promises.ts'

/** A publication on its way. */
export interface Pending extends Deferred<PublishResult> {
  entry: OutboxEntry
  readonly lane: Lane
  /** The outbox has it: it may leave. */
  kept: boolean
  /** Commands that carried it, on any connection. */
  transmissions: number
  settled: boolean
  /** Stops listening to the application's signal. */
  forget: () => void
}

export class Lane {
  readonly backoff: Backoff
  /** The number that commands carry: raised after a failure, 0 on a new connection. */
  number: number = 0
  /** Waits until it may send again. */
  timer: Timer | null = null
  /** Unsettled, in order. */
  readonly pending: Pending[] = []
  /** How many of them went under this number. */
  sent: number = 0

  constructor(backoff: Backoff) {
    this.backoff = backoff
  }

  /** The next one to be sent. */
  get next(): Pending | undefined {
    const next = this.timer === null ? this.pending[this.sent] : undefined
    return next?.kept === true ? next : undefined
  }

  remove(pending: Pending): void {
    const at = this.pending.indexOf(pending)
    this.pending.splice(at, 1)
    if (at < this.sent) this.sent--
  }

  /** Everything that is not settled goes again, in the first order, under another number. */
  restart(number: number): void {
    this.number = number
    this.sent = 0
  }
}
