// The calls of one session (tautline.v1 §10): how many at once, and what becomes of them when it ends. Each runs at most
// once; nothing is repeated, and nothing is told after the connection is gone.

import { type Clock, type Ok, RealtimeError, type RpcCommand, type RpcPush } from '@tautline/wire'
import type { Who } from '../options.ts'
import { Call, type CallOwner } from './call.ts'
import type { Procedures } from './procedures.ts'

export { type CallContext, type Procedure, Procedures } from './procedures.ts'

export interface CallsSettings {
  readonly procedures: Procedures
  readonly clock: Clock
  /** Calls that are not answered yet, at most. */
  readonly limit: number
  readonly reply: (id: number, outcome: Ok | RealtimeError) => void
  /** @returns false: it was taken, but the session is behind: nothing more until `drained` */
  readonly push: (push: RpcPush) => boolean
  /** A fault of the application: it threw, or gave what is no result. */
  readonly onFailure?: (error: unknown, method: string) => void
  /** There are as many calls as may be. */
  readonly onLimit?: () => void
}

/**
 * Procedures that go on though nobody waits for them any more, in multiples of the limit. Without a bound, calling and
 * cancelling would start any number of them.
 */
const ABANDONED = 4

export class Calls implements CallOwner {
  readonly clock: Clock
  private readonly settings: CallsSettings
  private readonly open: Map<number, Call> = new Map()
  /** Streams that wait until the session takes more. */
  private readonly waiting: Map<Call, () => void> = new Map()
  /** Procedures that have not come to their end. */
  private running = 0
  private ended = false

  constructor(settings: CallsSettings) {
    this.settings = settings
    this.clock = settings.clock
  }

  /** Calls that are not answered yet. */
  get size(): number {
    return this.open.size
  }

  /** Runs the method; its outcome goes to `reply`, exactly once unless the session ends first. */
  start(command: RpcCommand & { readonly id: number }, who: Who): void {
    if (this.ended) return
    const refused = this.refusal(command)
    const procedure = this.settings.procedures.get(command.method)
    if (refused !== null || procedure === undefined) {
      this.settings.reply(command.id, refused ?? new RealtimeError('not-found', 'there is no such method'))
      return
    }
    const call = new Call(this, command)
    this.open.set(call.id, call)
    this.running++
    const over = (): void => {
      this.running--
    }
    void call.run(procedure, command, who).then(over, over)
  }

  /** Ends a call with `cancelled`; one that is unknown or answered already is ignored. */
  cancel(id: number): void {
    this.open.get(id)?.end(new RealtimeError('cancelled'))
  }

  /** The session takes more: streams go on. */
  drained(): void {
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    for (const go of waiting) go()
  }

  /** The connection is gone: signals abort, and what comes of the calls is dropped. */
  end(): void {
    this.ended = true
    for (const call of [...this.open.values()]) {
      call.end(new RealtimeError('cancelled', 'the connection of the caller is gone'))
    }
  }

  /** @inheritDoc */
  settled(call: Call, outcome: Ok | RealtimeError): void {
    this.open.delete(call.id)
    const go = this.waiting.get(call)
    this.waiting.delete(call)
    go?.()
    if (!this.ended) this.settings.reply(call.id, outcome)
  }

  /** @inheritDoc */
  push(push: RpcPush): boolean {
    return this.ended || this.settings.push(push)
  }

  /** @inheritDoc */
  room(call: Call): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.waiting.set(call, resolve)
    return promise
  }

  /** @inheritDoc */
  failed(error: unknown, method: string): void {
    this.settings.onFailure?.(error, method)
  }

  private refusal({ id }: { readonly id: number }): RealtimeError | null {
    const { limit } = this.settings
    if (this.open.has(id))
      return new RealtimeError('bad-request', 'a call of this id is not answered yet', { field: 'id' })
    if (this.open.size < limit && this.running < limit * (1 + ABANDONED)) return null
    this.settings.onLimit?.()
    if (this.open.size >= limit) return new RealtimeError('limit', `more than ${limit} calls are not answered yet`)
    return new RealtimeError('overloaded', 'too many cancelled calls still run', { after: 1_000 })
  }
}
