// Questions to the server: remote procedures, history, presence. A call is transmitted at most once (tautline.v1 §10);
// questions that change nothing are asked again on the next connection, as long as their time lasts.

import {
  type Body,
  type Clock,
  LIMITS,
  type OkByOp,
  RealtimeError,
  type Reply,
  type Request,
  type RpcPush,
  readOk,
  type Timer,
} from '@tautline/wire'
import type { Ticket } from './commands.ts'
import { cancelled, type Deferred, deferred, onAbort } from './promises.ts'
import type { Session } from './session.ts'

/** Questions that wait for a connection, or for others to be answered. */
const MOST_WAITING = 1_000

/** A command that is asked this way. */
export type Question = Extract<Request, { op: 'rpc' | 'history' | 'presence' }>

interface Ask {
  readonly question: Question
  readonly settle: (outcome: RealtimeError | { readonly ok: unknown }) => void
  /** With `stream`: each value that comes before the reply. */
  readonly value: ((push: RpcPush) => void) | null
  ticket: Ticket | null
}

export interface AskOptions {
  /** ms; 0: none. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  readonly value?: (push: RpcPush) => void
}

export class Calls {
  readonly #clock: Clock
  readonly #waiting: Set<Ask>
  readonly #sent: Set<Ask>
  #session: Session | null
  /** Why nothing is sent, and will not be by itself. */
  #refusal: string | null

  constructor(clock: Clock) {
    this.#clock = clock
    this.#waiting = new Set()
    this.#sent = new Set()
    this.#session = null
    this.#refusal = null
  }

  /** Asks; the promise may be left alone. Gives also what ends it from here. */
  ask<Op extends Question['op']>(
    question: Extract<Question, { op: Op }>,
    options: AskOptions,
  ): { readonly promise: Promise<OkByOp[Op]>; readonly cancel: (error: RealtimeError) => void } {
    const result = deferred<OkByOp[Op]>()
    const { signal } = options
    let timer: Timer | null = null
    let forget = (): void => {}
    const done = (): void => {
      if (timer !== null) this.#clock.clearTimer(timer)
      forget()
    }
    const ask: Ask = {
      question,
      value: options.value ?? null,
      ticket: null,
      settle: (outcome) => {
        done()
        if (outcome instanceof RealtimeError) result.reject(outcome)
        else this.#read(question.op as Op, outcome.ok, result)
      },
    }
    const cancel = (error: RealtimeError): void => {
      if (this.#take(ask)) ask.settle(error)
    }
    if (signal?.aborted) result.reject(cancelled(question.op, signal))
    else if (this.#refusal !== null) result.reject(new RealtimeError('unavailable', this.#refusal))
    else if (this.#waiting.size + this.#sent.size >= MOST_WAITING) {
      result.reject(
        new RealtimeError('limit', `${MOST_WAITING} calls are waiting for an answer: await some of them first`),
      )
    } else {
      forget = onAbort(signal, () => cancel(cancelled(question.op, signal as AbortSignal)))
      if (options.timeout > 0)
        timer = this.#clock.setTimer(() => cancel(this.#late(ask, options.timeout)), options.timeout)
      this.#waiting.add(ask)
      this.#pump()
    }
    return { promise: result.promise, cancel }
  }

  up(session: Session): void {
    this.#refusal = null
    this.#session = session
    this.#pump()
  }

  /** The commands themselves were settled by the connection. */
  down(): void {
    this.#session = null
  }

  /** From now on nothing will be sent; null: it may be. */
  refuse(refusal: string | null): void {
    this.#refusal = refusal
    if (refusal === null) return
    for (const ask of [...this.#waiting]) {
      this.#waiting.delete(ask)
      ask.settle(new RealtimeError('unavailable', refusal))
    }
  }

  push(push: RpcPush): void {
    for (const ask of this.#sent) if (ask.ticket?.id === push.call) ask.value?.(push)
  }

  #read<Op extends Question['op']>(op: Op, ok: unknown, result: Deferred<OkByOp[Op]>): void {
    try {
      result.resolve(readOk(op, ok))
    } catch (error) {
      result.reject(new RealtimeError('unknown', 'the answer makes no sense', { cause: error }))
      // The connection closes on it.
      throw error
    }
  }

  #late(ask: Ask, timeout: number): RealtimeError {
    if (this.#sent.has(ask)) return new RealtimeError('timeout', `no answer within ${timeout} ms: it may have happened`)
    return new RealtimeError('unavailable', `no connection within ${timeout} ms: it was not sent`)
  }

  /** Ends an ask from this side; false: it is settled already. */
  #take(ask: Ask): boolean {
    if (this.#waiting.delete(ask)) return true
    if (!this.#sent.delete(ask)) return false
    const session = this.#session
    const { ticket, question } = ask
    if (session !== null && ticket !== null && !session.withdraw(ticket) && question.op === 'rpc') {
      session.urgent({ op: 'cancel', call: ticket.id }, () => {})
    }
    this.#pump()
    return true
  }

  #pump(): void {
    const session = this.#session
    if (session === null) return
    const most = session.connected.limits['rpc'] ?? LIMITS.rpc
    for (const ask of this.#waiting) {
      if (this.#sent.size >= most) return
      this.#waiting.delete(ask)
      this.#sent.add(ask)
      ask.ticket = session.send(ask.question, (reply, transmitted) => this.#answered(ask, reply, transmitted))
    }
  }

  #answered(ask: Ask, reply: Reply | null, transmitted: boolean): void {
    // Cancelled meanwhile: nobody waits for it.
    if (!this.#sent.delete(ask)) return
    if (reply === null) {
      ask.ticket = null
      // At most once: what may have arrived is not sent again. Questions change nothing.
      if (transmitted && ask.question.op === 'rpc') {
        ask.settle(new RealtimeError('unknown', 'the connection ended before the answer: it may have happened'))
      } else this.#waiting.add(ask)
      return
    }
    if (reply.error !== undefined) ask.settle(RealtimeError.from(reply.error))
    else ask.settle({ ok: reply.ok })
    this.#pump()
  }
}

/** What a call gave: its data, or its bytes. */
export function resultOf(body: Body | Readonly<Record<string, never>>): unknown {
  return body.bytes ?? body.data
}
