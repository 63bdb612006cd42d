// Errors only a client can meet; what a server says is a RealtimeError of @tautline/wire.

import { RealtimeError } from '@tautline/wire'
import type { PublishResult } from './channel.ts'

/** `reached` gave up. */
export class NotReachedError extends Error {
  override readonly name = 'NotReachedError'
  /**
   * diverged: the log went on from before that position, what was there may have vanished. lost: messages up to it were
   * lost, and no snapshot covers it. timeout: not yet. stopped: the subscription ended.
   */
  readonly why: 'diverged' | 'lost' | 'timeout' | 'stopped'

  constructor(why: NotReachedError['why']) {
    super(`the position was not reached: ${why}`)
    this.why = why
  }
}

/**
 * A publication that was sent, and whose fate cannot be found out any more: its key is too old (tautline.v1 §7.6). Only
 * the application knows whether twice is worse than never. Code `unknown`; `cause` is what the server said.
 */
export class UnknownOutcomeError extends RealtimeError {
  override readonly name: string = 'UnknownOutcomeError'
  readonly #resend: () => Promise<PublishResult>
  #again: Promise<PublishResult> | undefined

  constructor(cause: RealtimeError, resend: () => Promise<PublishResult>) {
    super('unknown', 'too old to know whether it was stored: resend() or drop()', { cause })
    this.#resend = resend
  }

  /** Publishes it again, with a new key, behind what waits already. Once, however often it is called. */
  resend(): Promise<PublishResult> {
    this.#again ??= this.#resend()
    return this.#again
  }

  /** Leaves it at that. */
  drop(): void {
    // It was forgotten when it became unknown.
  }
}
