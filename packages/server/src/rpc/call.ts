// One call from its start to its reply: exactly one outcome, whatever the procedure does afterwards. It knows no other
// call and no connection.

import { type Body, type Clock, type Ok, RealtimeError, type RpcCommand, type RpcPush, storeBody } from '@tautline/wire'
import type { Who } from '../options.ts'
import type { Procedure } from './procedures.ts'

/** Who hears of a call. */
export interface CallOwner {
  readonly clock: Clock
  /** Its outcome. Called once. */
  settled(call: Call, outcome: Ok | RealtimeError): void
  /** One result of a stream. false: wait for `room`. */
  push(push: RpcPush): boolean
  room(call: Call): Promise<void>
  /** A fault of the application. */
  failed(error: unknown, method: string): void
}

/** The longest a plain call may take, ms. A stream may last as long as its caller said, or for ever. */
export const LONGEST = 300_000
/** Bounds of a result. */
const RESULT = { body: 1_048_576, depth: 64, keys: 65_536 }

export class Call {
  readonly id: number
  private readonly owner: CallOwner
  private readonly method: string
  private readonly stream: boolean
  private readonly abort: AbortController = new AbortController()
  private readonly timer: unknown
  private iterator: AsyncIterator<unknown> | null = null
  private open = true

  constructor(owner: CallOwner, command: RpcCommand & { readonly id: number }) {
    this.owner = owner
    this.id = command.id
    this.method = command.method
    this.stream = command.stream === true
    const ms = this.stream ? command.ms : Math.min(command.ms || LONGEST, LONGEST)
    this.timer = ms === 0 ? null : owner.clock.setTimer(() => this.end(new RealtimeError('timeout')), ms)
  }

  /** Runs the procedure. Resolves when it has come to its end, which may be long after the outcome; never rejects. */
  async run(procedure: Procedure, body: Body, { user, peer, info }: Who): Promise<void> {
    try {
      const signal = this.abort.signal
      const result = await procedure(body.bytes ?? body.data, { user, peer, info, signal })
      if (isAsyncIterable(result)) await this.several(result)
      else if (!this.open) return
      else if (!this.stream) this.settle(this.checked(result))
      else if (this.give(0, result) !== null) this.finish(1)
    } catch (error) {
      this.fault(error)
    }
  }

  /** Nobody waits any more. What the procedure still does comes to nothing. */
  end(outcome: RealtimeError): void {
    if (!this.open) return
    this.settle(outcome)
    this.abort.abort(outcome)
    this.close()
  }

  private settle(outcome: Ok | RealtimeError): void {
    if (!this.open) return
    this.open = false
    if (this.timer !== null) this.owner.clock.clearTimer(this.timer)
    this.owner.settled(this, outcome)
  }

  /** The values of an async iterable, one after another, never more of them than the session takes. */
  private async several(results: AsyncIterable<unknown>): Promise<void> {
    const iterator = results[Symbol.asyncIterator]()
    this.iterator = iterator
    if (!this.open) return this.close()
    if (!this.stream) {
      const text = 'this method gives several results: call it as a stream'
      return this.end(new RealtimeError('bad-request', text, { field: 'stream' }))
    }
    for (let seq = 0; ; seq++) {
      const step = await iterator.next()
      if (!this.open) return
      if (step.done === true) {
        this.iterator = null
        return this.finish(seq)
      }
      const flowing = this.give(seq, step.value)
      if (flowing === null) return
      if (!flowing) await this.owner.room(this)
      if (!this.open) return
    }
  }

  /** @returns false: the session is behind; null: it is no result, and the call has failed */
  private give(seq: number, value: unknown): boolean | null {
    const body = this.checked(value)
    if (body instanceof RealtimeError) {
      this.end(body)
      return null
    }
    return this.owner.push({ ev: 'rpc', call: this.id, seq, ...body })
  }

  private finish(seq: number): void {
    this.owner.push({ ev: 'rpc', call: this.id, seq, end: true, data: null })
    this.settle({})
  }

  /** A result as a body, or what the caller is told where it is none. */
  private checked(result: unknown): Body | RealtimeError {
    const body: Body = result instanceof Uint8Array ? { bytes: result } : { data: (result ?? null) as null }
    try {
      storeBody(body, RESULT)
      return body
    } catch (error) {
      this.owner.failed(error, this.method)
      return new RealtimeError('unknown')
    }
  }

  /** The procedure threw. Its words are for the caller only if it chose them: a RealtimeError. */
  private fault(error: unknown): void {
    if (!this.open) {
      // That it was aborted is no fault.
      if (error === this.abort.signal.reason || (error instanceof Error && error.name === 'AbortError')) return
      return this.owner.failed(error, this.method)
    }
    if (error instanceof RealtimeError) return this.settle(error)
    this.owner.failed(error, this.method)
    this.settle(new RealtimeError('unknown'))
  }

  /** Ends the iterable: its `finally` runs, at once or when what it waits for is there. */
  private close(): void {
    const { iterator } = this
    this.iterator = null
    void (async () => {
      await iterator?.return?.()
    })().catch((error: unknown) => this.fault(error))
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
