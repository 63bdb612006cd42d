// Waiting that ends: for hooks and stores that may never answer.

import { type Clock, RealtimeError } from '@tautline/wire'

/**
 * Passes a promise's outcome on, unless it takes longer than `ms`.
 *
 * @throws RealtimeError `unavailable` naming what took too long
 */
export function within<T>(clock: Clock, promise: Promise<T>, ms: number, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = clock.setTimer(() => {
    reject(new RealtimeError('unavailable', `${what} took longer than ${ms} ms`, { after: 1_000 }))
  }, ms)
  return Promise.race([promise, late]).finally(() => clock.clearTimer(timer))
}
