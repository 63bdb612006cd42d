// A call that answers with many values, as an async iterable: it begins with the iteration, and leaving the loop cancels
// it. What the reader does not take is bounded.

import { type Body, RealtimeError, type RpcPush } from '@tautline/wire'
import { type Calls, resultOf } from './calls.ts'
import { Queue } from './queue.ts'

/** Values that may wait for the reader. */
const MOST = 1_000

export interface StreamCall {
  readonly method: string
  readonly body: Body
  /** ms; 0: none. */
  readonly timeout: number
  /** What the server is told of the time, ms. */
  readonly ms: number
  readonly signal: AbortSignal | undefined
}

/** Starts the call. */
export function openStream<R>(calls: Calls, call: StreamCall): AsyncIterator<R, undefined> {
  const queue = new Queue<R, R>()
  let expected = 0
  let failure: RealtimeError | null = null
  const drain = (): void => {
    for (let first = queue.first; queue.length > 0 && queue.asked; first = queue.first) {
      queue.shift()
      queue.give(first as R)
    }
    queue.settle()
  }
  const fail = (error: RealtimeError): void => {
    failure = error
    cancel(error)
  }
  const value = (push: RpcPush): void => {
    if (failure !== null) return
    if (push.seq !== expected++) return fail(new RealtimeError('unknown', 'a value of the stream is missing'))
    // An end without a value says so by null.
    if (push.end === true && push.data === null) return
    if (queue.length >= MOST)
      return fail(new RealtimeError('limit', `${MOST} values of the stream were not read in time`))
    queue.push(resultOf(push) as R)
    drain()
  }
  const { method, body, timeout, ms, signal } = call
  const { promise, cancel } = calls.ask({ op: 'rpc', method, ms, stream: true, ...body }, { timeout, signal, value })
  promise.then(
    () => queue.end(null),
    (error: Error) => queue.end(failure ?? error),
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
      queue.end(null)
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}
