// Errors only a client can meet; what a server says is a RealtimeError of @tautline/wire.

import type { PublishResult } from './channel.ts'

/** Why `reached` gave up. */
export class NotReachedError extends Error {
  override readonly name = 'NotReachedError'
  /**
   * diverged: the log went on from before that position. lost: messages up to it were lost and no snapshot covers it.
   * timeout: not yet. stopped: the subscription ended.
   */
  readonly why: 'diverged' | 'lost' | 'timeout' | 'stopped'

  constructor(why: 'diverged' | 'lost' | 'timeout' | 'stopped', message: string) {
    super(message)
    this.why = why
  }
}

/** Mixed into the `unknown` error of a publication: only the application knows whether twice is better than never. */
export interface UnknownOutcome {
  /** Publishes it again, with a new key. */
  resend(): Promise<PublishResult>
  /** Forgets it. */
  drop(): void
}
