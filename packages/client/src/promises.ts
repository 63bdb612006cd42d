// Promises given to the application: a failure nobody awaits is no unhandled rejection, and what bounds them (time, an
// AbortSignal) is let go of when it is not needed any more.

import { type Clock, RealtimeError } from '@tautline/wire'

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
  return new RealtimeError(unknown ? 'unknown' : 'cancelled', `${what}: ended by its signal`, {
    cause: signal.reason,
  })
}

/**
 * Calls back once: when so many ms have passed (0: never), or when the signal fires, which is then given. A signal that
 * has fired calls back at once.
 *
 * @returns ends it
 */
export function bounded(
  clock: Clock,
  timeout: number,
  signal: AbortSignal | undefined,
  over: (aborted: AbortSignal | undefined) => void,
): () => void {
  const abort = (): void => {
    end()
    over(signal)
  }
  const timer = timeout
    ? clock.setTimer(() => {
        end()
        over(undefined)
      }, timeout)
    : undefined
  const end = (): void => {
    clock.clearTimer(timer)
    signal?.removeEventListener('abort', abort)
  }
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort)
  return end
}
