// Runs a schema. Whatever the schema does, there is one of three outcomes: a value, a complaint about what was given, or a
// fault of the application.

import type { Schema } from '@tautline/contract'
import { type Clock, RealtimeError } from '@tautline/wire'
import { within } from '../deadline.ts'
import { textOf } from '../error-text.ts'
import { type Complaint, complaintOf } from './issue.ts'

/** ms a schema that answers later may take. */
const LONGEST = 5_000

/** What a schema made of a value, or why it refused. */
export type Verdict = { readonly value: unknown; readonly complaint?: never } | { readonly complaint: Complaint }

/** The application's own fault: its schema threw, or gave what nobody can send. */
export class ContractFault extends Error {
  override readonly name: string = 'ContractFault'
}

/**
 * @param where names the schema in errors
 * @throws ContractFault; also by rejecting. RealtimeError `unavailable` when an answer takes too long
 */
export function validate(clock: Clock, schema: Schema, value: unknown, where: string): Verdict | Promise<Verdict> {
  let outcome: ReturnType<Schema['~standard']['validate']>
  try {
    outcome = schema['~standard'].validate(value)
  } catch (error) {
    throw faultOf(error, where)
  }
  if (!isPromise(outcome)) return verdictOf(outcome, value, where)
  return within(clock, Promise.resolve(outcome), LONGEST, 'the check of the contract').then(
    (settled) => verdictOf(settled, value, where),
    (error: unknown) => {
      throw error instanceof RealtimeError ? error : faultOf(error, where)
    },
  )
}

type Outcome = Awaited<ReturnType<Schema['~standard']['validate']>>

function verdictOf(outcome: Outcome, value: unknown, where: string): Verdict {
  try {
    return outcome.issues ? { complaint: complaintOf(outcome.issues, value) } : { value: outcome.value }
  } catch (error) {
    throw faultOf(error, where)
  }
}

function faultOf(error: unknown, where: string): ContractFault {
  return new ContractFault(`the schema of ${where} failed: ${textOf(error)}`, { cause: error })
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null)?.then === 'function'
}
