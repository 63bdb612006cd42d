// What a simulated application asks the server: calls, streams that it leaves again, who is there, pages of history.

import { type Position, RealtimeError } from '@tautline/wire'
import type { Call, HistoryRead } from '../checker/mod.ts'
import type { Page, Writable } from './page.ts'
import { type Content, payloadOf } from './payload.ts'
import { COUNT } from './procedures.ts'

/** A call as the application has it; what the nodes did is added later. */
export type AppCall = Omit<Writable<Call>, 'executions' | 'running' | 'values'> & { values?: number[] }

/** Pages that one look through a history takes at most. */
const MOST_PAGES = 4

/** All questions of one application. */
export class Asking {
  readonly calls: AppCall[] = []
  readonly reads: HistoryRead[] = []
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  call(): void {
    const { client, chance, name } = this.#page
    const call: AppCall = { client: name, call: `${name}:${this.calls.length}`, outcome: 'pending' }
    this.calls.push(call)
    const method = chance.pick(['once', 'slow', 'count', 'count', 'ticks', 'ticks'])
    const timeout = chance.pick([200, 30_000])
    const done = (outcome: Call['outcome'], text: string): void => {
      if (call.outcome === 'pending') call.outcome = outcome
      this.#page.note(null, `call ${call.call} ${method}: ${text}`)
    }
    const failed = (error: unknown): void => {
      const code = error instanceof RealtimeError ? error.code : null
      done(code === 'cancelled' ? 'left' : 'unknown', error instanceof Error ? error.message : String(error))
    }
    if (method === 'count') void this.#count(call, timeout).then(() => done('ok', 'ended'), failed)
    else if (method === 'ticks') void this.#ticks(call).then(() => done('left', 'left'), failed)
    else void client.call(method, { call: call.call }, { timeout }).then(() => done('ok', 'answered'), failed)
  }

  /** Reads through a history, page by page, in one direction. */
  read(channel: string, position: Position | undefined): void {
    const { chance } = this.#page
    const limit = chance.between(1, 20)
    const forwards = position !== undefined && chance.happens(0.6)
    void this.#turn(channel, limit, forwards ? position : null, null, MOST_PAGES)
  }

  presence(channel: string): void {
    const quiet = (): void => {}
    this.#page.client.channel(channel).presence().then(quiet, quiet)
  }

  /** Whoever asked is gone, or does not wait any more. */
  abandon(): void {
    for (const call of this.calls) if (call.outcome === 'pending') call.outcome = 'unknown'
  }

  async #count(call: AppCall, timeout: number): Promise<void> {
    const values: number[] = []
    call.values = values
    for await (const value of this.#page.client.stream<number>('count', { call: call.call }, { timeout }))
      values.push(value)
    call.expected = COUNT
  }

  /** A stream without an end: left by leaving the loop, or by a signal. */
  async #ticks(call: AppCall): Promise<void> {
    const { chance, client, machine } = this.#page
    const values: number[] = []
    call.values = values
    const most = chance.between(1, 12)
    const leaving = new AbortController()
    const bySignal = chance.happens(0.5)
    if (bySignal) machine.setTimer(() => leaving.abort(), chance.between(1, 600))
    for await (const value of client.stream<number>('ticks', { call: call.call }, { signal: leaving.signal })) {
      values.push(value)
      if (!bySignal && values.length >= most) break
    }
  }

  async #turn(
    channel: string,
    limit: number,
    after: Position | null,
    before: Position | null,
    most: number,
  ): Promise<void> {
    const { client, machine, name } = this.#page
    const asked = machine.now()
    const from = after !== null ? { after } : before !== null ? { before } : {}
    const read = { client: name, channel, asked, after, before, limit }
    try {
      const page = await client.channel<Content>(channel).history({ limit, ...from })
      const items = page.messages.map((message) => ({
        position: message.position,
        id: message.id,
        payload: payloadOf(message),
      }))
      const { start, end, more } = page
      this.reads.push({ ...read, at: machine.now(), page: { items, start, end, more } })
      if (!more || most === 1) {
        // From the oldest that was seen back to the newest: the same pages, from their other end.
        if (after === null && this.#page.chance.happens(0.4)) await this.#turn(channel, limit, start, null, MOST_PAGES)
        return
      }
      await (after === null
        ? this.#turn(channel, limit, null, start, most - 1)
        : this.#turn(channel, limit, end, null, most - 1))
    } catch (error) {
      // Out of reach, or too late: nothing was said.
      if (!(error instanceof RealtimeError) || error.code !== 'not-found') return
      this.reads.push({ ...read, at: machine.now(), page: null })
    }
  }
}
