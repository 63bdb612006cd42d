// Promises given to the application: a failure nobody awaits is no unhandled rejection, and an AbortSignal is let go of
// when it is not needed any more.

import { RealtimeError } from '@tautline/wire'

/** A promise and what settles it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(reason: Error): void
}

/** A promise whose rejection may go unnoticed: the application that awaits it hears of it all the same. */
export function deferred<T>(): Deferred<T> {
  const made = Promise.withResolvers<T>()
  made.promise.catch(() => {})
  return made
}

/** What the signal of the application ended; `unknown`: it may have happened. */
export function cancelled(what: string, signal: AbortSignal, unknown = false): RealtimeError {
  return new RealtimeError(unknown ? 'unknown' : 'cancelled', `${what} was ended by its signal`, {
    cause: signal.reason,
  })
}

const NOTHING = (): void => {}

/**
 * Calls back once when the signal fires; not if it has already.
 *
 * @returns stops listening
 */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return NOTHING
  signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
