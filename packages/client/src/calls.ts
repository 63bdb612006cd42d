// Questions to the server: remote procedures, history, presence. A call is transmitted at most once (tautline.v1 §10);
// questions that change nothing are asked again on the next connection, as long as their time lasts.

import {
  type Body,
  CLIENT_LIMITS,
  type Clock,
  type OkByOp,
  RealtimeError,
  type Reply,
  type Request,
  type RpcPush,
  readOk,
} from '@tautline/wire'
import type { Ticket } from './commands.ts'
import { bounded, cancelled, deferred } from './promises.ts'
import type { Session } from './session.ts'

/** Questions that wait for a connection, or for others to be answered. */
const MOST = 1_000

/** A command that is asked this way. */
export type Question = Extract<Request, { op: 'rpc' | 'history' | 'presence' }>

export interface AskOptions {
  /** ms; 0 or absent: none. */
  readonly timeout?: number
  readonly signal?: AbortSignal | undefined
  /** With `stream`: hears each value that comes before the reply. */
  readonly value?: (push: RpcPush) => void
}

interface Ask {
  readonly question: Question
  readonly value: AskOptions['value']
  /** Settles it, with an error or what the reply holds. */
  readonly settle: (error: RealtimeError | null, ok?: unknown) => void
  /** Set once it was given to a connection. */
  ticket: Ticket | null
}

/** What was asked, and how to end it from here. */
export interface Asked<Ok> {
  readonly promise: Promise<Ok>
  cancel(error: RealtimeError): void
}

export class Calls {
  readonly #clock: Clock
  readonly #wanted: () => void
  /** In the order in which they were asked. */
  readonly #asks: Set<Ask> = new Set()
  #session: Session | null = null
  /** Why nothing is sent, and will not be by itself. */
  #refusal: string | null = null
  #sent: number = 0

  /** @param wanted something was asked: called first */
  constructor(clock: Clock, wanted: () => void) {
    this.#clock = clock
    this.#wanted = wanted
  }

  ask<Op extends Question['op']>(question: Extract<Question, { op: Op }>, options: AskOptions): Asked<OkByOp[Op]> {
    const { promise, resolve, reject } = deferred<OkByOp[Op]>()
    const { timeout = 0, signal, value } = options
    let end = (): void => {}
    const ask: Ask = {
      question,
      value,
      ticket: null,
      settle: (error, ok) => {
        end()
        if (error) return reject(error)
        try {
          resolve(readOk(question.op as Op, ok))
        } catch (rubbish) {
          reject(new RealtimeError('unknown', 'the answer makes no sense', { cause: rubbish }))
          // The connection closes on it.
          throw rubbish
        }
      },
    }
    const cancel = (error: RealtimeError): void => {
      if (this.#withdraw(ask)) ask.settle(error)
    }
    this.#wanted()
    if (this.#refusal !== null) reject(new RealtimeError('unavailable', this.#refusal))
    else if (this.#asks.size >= MOST) reject(new RealtimeError('limit', 'too many calls'))
    else {
      this.#asks.add(ask)
      end = bounded(this.#clock, timeout, signal, (aborted) => {
        const late = ask.ticket ? 'timeout' : 'unavailable'
        cancel(aborted ? cancelled(question.op, aborted) : new RealtimeError(late, `nothing within ${timeout} ms`))
      })
      this.#pump()
    }
    return { promise, cancel }
  }

  up(session: Session): void {
    this.#refusal = null
    this.#session = session
    this.#sent = 0
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
    for (const ask of [...this.#asks]) {
      this.#asks.delete(ask)
      ask.settle(new RealtimeError('unavailable', refusal))
    }
  }

  push(push: RpcPush): void {
    for (const ask of this.#asks) if (ask.ticket?.id === push.call) ask.value?.(push)
  }

  /** Ends an ask from this side; false: it is settled already. */
  #withdraw(ask: Ask): boolean {
    const { ticket, question } = ask
    const session = this.#session
    if (!this.#asks.delete(ask)) return false
    if (ticket && session) {
      this.#sent--
      if (!session.withdraw(ticket) && question.op === 'rpc')
        session.urgent({ op: 'cancel', call: ticket.id }, () => {})
      this.#pump()
    }
    return true
  }

  #pump(): void {
    const session = this.#session
    const most = session?.connected.limits['rpc'] ?? CLIENT_LIMITS.rpc
    for (const ask of this.#asks) {
      if (!session || this.#sent >= most) return
      if (ask.ticket) continue
      this.#sent++
      ask.ticket = session.send(ask.question, (reply, transmitted) => this.#answered(ask, reply, transmitted))
    }
  }

  #answered(ask: Ask, reply: Reply | null, transmitted: boolean): void {
    // Cancelled meanwhile: nobody waits for it.
    if (!this.#asks.has(ask)) return
    if (!reply) {
      ask.ticket = null
      // At most once: what may have arrived is not sent again. Questions change nothing.
      if (!transmitted || ask.question.op !== 'rpc') return
    } else this.#sent--
    this.#asks.delete(ask)
    if (!reply) ask.settle(new RealtimeError('unknown', 'the connection ended'))
    else if (reply.error) ask.settle(RealtimeError.from(reply.error))
    else ask.settle(null, reply.ok)
    this.#pump()
  }
}

/** What a call gave: its data, or its bytes. */
export function resultOf<R>(body: Body | Readonly<Record<string, never>>): R {
  return (body.bytes ?? body.data) as R
}
