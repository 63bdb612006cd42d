// One lane: the unsettled publications of a channel in their order, and how far this connection has sent them
// (tautline.v1 §7.4). It decides what goes next, and sends nothing itself.

import type { Timer } from '@tautline/wire'
import type { Backoff } from './backoff.ts'
import type { PublishResult } from './channel.ts'
import type { OutboxEntry } from './outbox.ts'
import type { Deferred } from './promises.ts'

/** A publication on its way. */
export interface Pending {
  entry: OutboxEntry
  readonly deferred: Deferred<PublishResult>
  /** The outbox has it: it may leave. */
  kept: boolean
  /** Commands that carried it, on any connection. */
  transmissions: number
  settled: boolean
  /** Stops listening to the application's signal. */
  forget: () => void
}

export class Lane {
  readonly channel: string
  readonly backoff: Backoff
  /** The number that commands carry: raised after a failure, 0 on a new connection. */
  number: number
  /** Waits until it may send again. */
  timer: Timer | null
  #pending: Pending[]
  /** How many of them this lane number has sent. */
  #sent: number

  constructor(channel: string, backoff: Backoff) {
    this.channel = channel
    this.backoff = backoff
    this.number = 0
    this.timer = null
    this.#pending = []
    this.#sent = 0
  }

  get size(): number {
    return this.#pending.length
  }

  add(pending: Pending): void {
    this.#pending.push(pending)
  }

  /** Puts one before all others: it was in the outbox when that was opened, and nothing was sent yet. */
  addFirst(pending: Pending): void {
    this.#pending.unshift(pending)
  }

  /** The next one to be sent. */
  get next(): Pending | undefined {
    const next = this.timer === null ? this.#pending[this.#sent] : undefined
    return next?.kept === true ? next : undefined
  }

  advance(): void {
    this.#sent++
  }

  remove(pending: Pending): void {
    const at = this.#pending.indexOf(pending)
    if (at === -1) return
    this.#pending.splice(at, 1)
    if (at < this.#sent) this.#sent--
  }

  /** Everything that is not settled goes again, in the first order, under another number. */
  restart(number: number): void {
    this.number = number
    this.#sent = 0
  }
}
