// A call that answers with many values, as an async iterable: it begins with the iteration, and leaving the loop cancels
// it. What the reader does not take is bounded.

import { RealtimeError, type RpcCommand, type RpcPush } from '@tautline/wire'
import { type AskOptions, type Calls, resultOf } from './calls.ts'
import { Queue } from './queue.ts'

/** Values that may wait for the reader. */
const MOST = 1_000

/** Starts the call. */
export function openStream<R>(calls: Calls, call: RpcCommand, options: AskOptions): AsyncIterator<R, undefined> {
  const queue = new Queue<R, R>()
  let expected = 0
  const drain = (): void => {
    while (queue.length > 0 && queue.asked) {
      const first = queue.first as R
      queue.shift()
      queue.give(first)
    }
    queue.settle()
  }
  const value = (push: RpcPush): void => {
    if (push.seq !== expected++) cancel(new RealtimeError('unknown', 'a value of the stream is missing'))
    else if (queue.length >= MOST) cancel(new RealtimeError('limit', 'the stream was not read'))
    // An end without a value says so by null.
    else if (push.end !== true || push.data !== null) {
      queue.push(resultOf(push) as R)
      drain()
    }
  }
  const { promise, cancel } = calls.ask<'rpc'>(call, { ...options, value })
  promise.then(
    () => queue.end(),
    (error: Error) => queue.end(error),
  )
  return {
    next: () => {
      const next = queue.next()
      drain()
      return next
    },
    return: () => {
      cancel(new RealtimeError('cancelled', 'the stream was left'))
      queue.clear()
      queue.end()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}
