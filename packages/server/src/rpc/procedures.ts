// The methods that an application registers for its clients to call. It runs none of them.

import { type Json, RealtimeError } from '@tautline/wire'

/** What a procedure knows of its caller. */
export interface CallContext {
  readonly user: string | undefined
  /** The caller's pseudonym, the same on each of its connections. */
  readonly peer: string
  readonly info: Json | undefined
  /** Aborted when nobody waits any more: cancelled, timed out, or the connection is gone. */
  readonly signal: AbortSignal
}

/**
 * Answers a call. `data` is what the client sent, checked for nothing but being JSON (or bytes).
 *
 * It returns JSON, bytes (Uint8Array), nothing, or a promise of it; or an async iterable, whose values go to
 * `client.stream` one by one, as fast as the client takes them. A thrown RealtimeError goes to the client; of anything
 * else it only learns that the outcome is unknown.
 */
export type Procedure = (data: Json | Uint8Array, context: CallContext) => unknown

/** All methods of a server. */
export class Procedures {
  /** Answers what no method of this name does; undefined is no answer. */
  fallback: ((method: string, argument: Json | Uint8Array | undefined, context: CallContext) => unknown) | null = null
  /** What stands before each procedure: the contract. */
  guard: ((method: string, procedure: Procedure) => Procedure) | null = null
  private readonly methods: Map<string, Procedure> = new Map()

  /**
   * @param method 1 to 128 printable ASCII characters
   * @throws TypeError: not a name, not a function, or there is one of this name
   */
  register(method: string, procedure: Procedure): void {
    if (typeof method !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(method)) {
      throw new TypeError(`a method's name is 1 to 128 printable ASCII characters without space, not ${String(method)}`)
    }
    if (typeof procedure !== 'function') {
      throw new TypeError(`the procedure for '${method}' must be a function, got ${typeof procedure}`)
    }
    if (this.methods.has(method)) throw new TypeError(`the method '${method}' has a procedure already`)
    this.methods.set(method, this.guard?.(method, procedure) ?? procedure)
  }

  get(method: string): Procedure | undefined {
    const { fallback } = this
    const known = this.methods.get(method)
    if (known !== undefined || fallback === null) return known
    const procedure: Procedure = async (argument, context) => {
      const result = await fallback(method, argument, context)
      if (result === undefined) throw new RealtimeError('not-found', 'there is no such method')
      return result
    }
    return this.guard?.(method, procedure) ?? procedure
  }
}
