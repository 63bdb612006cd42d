// Procedures as the contract has them: an argument is checked before the procedure sees it, a result before the caller
// does. A wrong argument is the caller's mistake, a wrong result the application's: it is logged, and the caller learns that
// the server failed.

import type { CallContract, Contract } from '@tautline/contract'
import { type Clock, RealtimeError } from '@tautline/wire'
import type { Procedure } from '../rpc/procedures.ts'
import { refusal } from './issue.ts'
import { ContractFault, validate } from './validate.ts'

/** What stands between a contract's callers and its procedures. */
export function guardOf(contract: Contract, clock: Clock): (method: string, procedure: Procedure) => Procedure {
  return (method, procedure) => {
    const call = contract.rpc[method]
    return call === undefined ? procedure : guarded(clock, method, call, procedure)
  }
}

function guarded(clock: Clock, method: string, call: CallContract, procedure: Procedure): Procedure {
  const { input, output, stream } = call
  const result = async (value: unknown): Promise<unknown> => {
    const verdict = await validate(clock, output, value, `rpc['${method}'].output`)
    if (verdict.complaint === undefined) return verdict.value
    const { complaint } = verdict
    throw new ContractFault(`'${method}' gave what its contract does not allow: ${complaint.field}: ${complaint.text}`)
  }
  return async (argument, context) => {
    if (argument instanceof Uint8Array) {
      throw new RealtimeError('bad-data', 'this method has a contract: it takes JSON, not bytes', { field: 'bytes' })
    }
    const verdict = await validate(clock, input, argument, `rpc['${method}'].input`)
    if (verdict.complaint !== undefined) throw refusal(verdict.complaint)
    // Nobody may wait any more.
    context.signal.throwIfAborted()
    const answer = await procedure(verdict.value as Parameters<Procedure>[0], context)
    if (!isAsyncIterable(answer)) return result(answer ?? null)
    if (stream === true) return each(answer, result)
    await answer[Symbol.asyncIterator]().return?.()
    throw new ContractFault(`'${method}' gave several results: its contract has no stream: true`)
  }
}

/** The same values, each checked. Whoever stops reading stops the procedure, and so does a wrong value. */
function each(values: AsyncIterable<unknown>, result: (value: unknown) => Promise<unknown>): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = values[Symbol.asyncIterator]()
      const over = async (): Promise<IteratorResult<unknown>> => {
        await iterator.return?.()
        return { done: true, value: undefined }
      }
      return {
        next: async () => {
          const step = await iterator.next()
          if (step.done === true) return step
          try {
            return { done: false, value: await result(step.value ?? null) }
          } catch (error) {
            await over()
            throw error
          }
        },
        return: over,
      }
    },
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
