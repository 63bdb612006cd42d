// One lane: the unsettled publications of a channel in their order, and how far this connection has sent them
// (tautline.v1 §7.4). Types only; publisher.ts moves them.

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
  forget?: () => void
}

export interface Lane {
  readonly backoff: Backoff
  /** What commands carry: raised after a failure, 0 on a new connection. */
  number: number
  /** Waits until it may send again. */
  timer: Timer | null
  /** Unsettled, in order. */
  readonly pending: Pending[]
  /** How many of them went under this number. */
  sent: number
}
