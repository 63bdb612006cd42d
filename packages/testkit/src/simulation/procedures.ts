// What the application behind the simulated nodes answers: calls, and streams with and without an end. Each execution is
// noted from its beginning to its end, so that one nobody waits for any more is found.

import type { CallContext, Realtime } from '@tautline/server'
import type { Machine } from './machine.ts'

/** One time that a procedure ran. */
export interface Execution {
  readonly call: string
  readonly machine: Machine
  readonly began: number
  /** null: it runs. */
  ended: number | null
}

/** How many values `count` gives. */
export const COUNT = 4

/** Registers all methods with a node. */
export function registerProcedures(realtime: Realtime, machine: Machine, began: (execution: Execution) => void): void {
  const begin = (argument: unknown): Execution => {
    const execution: Execution = { call: callOf(argument), machine, began: machine.now(), ended: null }
    began(execution)
    return execution
  }
  const pause = (ms: number): Promise<void> => new Promise((resolve) => machine.setTimer(resolve, ms))
  realtime.rpc('once', (argument) => {
    const execution = begin(argument)
    execution.ended = machine.now()
    return { done: execution.call }
  })
  realtime.rpc('slow', async (argument) => {
    const execution = begin(argument)
    await pause(400)
    execution.ended = machine.now()
    return { done: execution.call }
  })
  realtime.rpc('count', (argument) => values(() => begin(argument), COUNT, pause))
  realtime.rpc('ticks', (argument, { signal }: CallContext) =>
    values(() => begin(argument), Number.POSITIVE_INFINITY, pause, signal),
  )
}

/** Begins with the iteration: a stream that is cancelled before never runs. */
async function* values(
  begin: () => Execution,
  count: number,
  pause: (ms: number) => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<number> {
  const execution = begin()
  try {
    for (let i = 0; i < count && signal?.aborted !== true; i++) {
      await pause(30)
      yield i
    }
  } finally {
    execution.ended = execution.machine.now()
  }
}

function callOf(argument: unknown): string {
  return typeof argument === 'object' && argument !== null && 'call' in argument ? String(argument.call) : '?'
}
