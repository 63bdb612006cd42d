// One event of a backend: a place among the requests under way, the breaker, attempts until one is answered or time is
// up. It knows neither what is asked nor what an answer means.

import { base64url, type Clock, type Random } from '@tautline/wire'
import { shownAddress } from './address.ts'
import { Breaker, type Pass } from './breaker.ts'
import type { Complaints } from './complaints.ts'
import { exchange } from './exchange.ts'
import { Gate } from './gate.ts'
import type { BackendSettings, EventSettings } from './options.ts'
import type { Signer } from './signature.ts'
import { TROUBLES, Trouble, type TroubleKind } from './trouble.ts'

/** Of full jitter: ms of the first pause at most, and of the longest. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 10_000
/** ms that an attempt needs to make sense. */
const LEAST = 50
/** ms that a client waits when the queue is full. */
const FULL = 1_000

export interface EndpointParts {
  readonly settings: BackendSettings
  readonly signer: Signer
  readonly complaints: Complaints
  /** Of the metrics. */
  readonly count: (outcome: TroubleKind | 'ok' | 'retried') => void
}

/** What is sent, for whom. */
export interface Question {
  /** JSON. */
  readonly body: Readonly<Record<string, unknown>>
  /** Who shares places, and failures, with whom: everybody who gives the same. '' is nobody in particular. */
  readonly who: string
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

interface Attempt {
  readonly id: string
  readonly who: string
  readonly body: string
}

/** Takes an answer; throws a Trouble where it is none, or what the backend wants to be told. */
export type Reader<T> = (answer: unknown) => T

export class Endpoint {
  readonly event: EventSettings
  readonly gate: Gate
  private readonly parts: EndpointParts
  private readonly clock: Clock
  private readonly random: Random
  private readonly breaker: Breaker | null
  private readonly open: Set<AbortController> = new Set()
  private readonly idlers: (() => void)[] = []
  private closed = false

  constructor(event: EventSettings, parts: EndpointParts) {
    const { clock, random, breaker } = parts.settings
    this.event = event
    this.parts = parts
    this.clock = clock
    this.random = random
    // Before somebody is known, and after he is gone, there is nobody to share with.
    const one = event.event === 'connect' || event.event === 'disconnect'
    this.gate = new Gate({ concurrency: event.concurrency, queue: event.queue, parts: one ? 1 : 4 })
    this.breaker =
      breaker === null ? null : new Breaker({ clock, random }, breaker, (state, rest) => this.turned(state, rest))
  }

  /** Questions that are not answered yet. */
  get pending(): number {
    return this.open.size
  }

  /**
   * What the backend says.
   *
   * @throws Trouble, counted and logged; whatever the reader throws
   */
  async ask<T>(question: Question, read: Reader<T>): Promise<T> {
    const whole = new AbortController()
    const until = this.clock.now() + this.event.deadline
    const timer = this.clock.setTimer(() => whole.abort(new Trouble('timeout')), this.event.deadline)
    const cancel = (): void => whole.abort(new Trouble('cancelled'))
    if (question.signal?.aborted === true || this.closed) cancel()
    question.signal?.addEventListener('abort', cancel, { once: true })
    this.open.add(whole)
    try {
      const leave = await this.gate.enter(question.who, whole.signal)
      if (leave === null) throw whole.signal.aborted ? waited(whole.signal) : new Trouble('overloaded', undefined, FULL)
      try {
        if (until - this.clock.now() < LEAST) throw new Trouble('overloaded', undefined, FULL)
        const answer = await this.attempts(question, until, whole.signal)
        const said = read(answer)
        this.parts.count('ok')
        return said
      } finally {
        leave()
      }
    } catch (error) {
      // A refusal is an answer.
      this.parts.count(error instanceof Trouble ? error.kind : 'ok')
      // That it is left alone was said once.
      if (error instanceof Trouble && error.kind !== 'cancelled' && error.kind !== 'open') this.complain(error)
      throw error
    } finally {
      this.open.delete(whole)
      if (this.open.size === 0) for (const resolve of this.idlers.splice(0)) resolve()
      question.signal?.removeEventListener('abort', cancel)
      this.clock.clearTimer(timer)
    }
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.idlers.push(resolve))
  }

  /** Nothing more is sent, and nothing is waited for. */
  close(): void {
    this.closed = true
    for (const one of this.open) one.abort(new Trouble('cancelled'))
  }

  private complain(trouble: Trouble): void {
    const { event, url } = this.event
    this.parts.complaints.complain(`${event} ${trouble.kind}`, 'hook failed', {
      hook: event,
      url: shownAddress(url),
      problem: trouble.message,
    })
  }

  private async attempts(question: Question, until: number, signal: AbortSignal): Promise<unknown> {
    const { settings, count } = this.parts
    // The same on each attempt, so that a backend can tell that it knows it already.
    const id = `msg_${base64url(settings.random.bytes(16))}`
    const body = JSON.stringify(question.body)
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.attempt(
          { id, who: question.who, body },
          Math.min(this.event.timeout, until - this.clock.now()),
          signal,
        )
      } catch (error) {
        const trouble = error as Trouble
        if (!this.mayRepeat(trouble, attempt)) throw trouble
        const pause = this.pause(attempt, trouble.after)
        if (this.clock.now() + pause + LEAST >= until) throw trouble
        count('retried')
        await this.sleep(pause, signal)
        if (signal.aborted) throw trouble
      }
    }
  }

  private async attempt(what: Attempt, ms: number, whole: AbortSignal): Promise<unknown> {
    const { settings, signer } = this.parts
    const { id, who, body } = what
    const pass = this.breaker?.enter(who)
    if (typeof pass === 'number') throw new Trouble('open', undefined, pass)
    const one = new AbortController()
    const timer = this.clock.setTimer(() => one.abort(new Trouble('timeout')), ms)
    const cancel = (): void => one.abort(whole.reason)
    if (whole.aborted) cancel()
    whole.addEventListener('abort', cancel, { once: true })
    const wall = (): number => this.clock.wall()
    const { url, event } = this.event
    const request = {
      url,
      body,
      wall,
      headers: signer.headers(id, wall(), body),
      most: settings.maxAnswer,
      answered: event !== 'disconnect',
    }
    try {
      const answer = await exchange(request, one.signal)
      pass?.report('good')
      return answer
    } catch (error) {
      report(pass, error as Trouble)
      throw error
    } finally {
      whole.removeEventListener('abort', cancel)
      this.clock.clearTimer(timer)
    }
  }

  private mayRepeat({ kind }: Trouble, attempt: number): boolean {
    const { event, retries } = this.event
    // Nobody waits for a notice: it outlives a pause of the breaker, as many as there are in its time.
    if (event === 'disconnect' && kind === 'open') return true
    if (attempt >= retries) return false
    // A call runs at most once.
    return event === 'rpc' ? kind === 'unsent' : TROUBLES[kind].again
  }

  /** Full jitter: those who failed together do not come back together. */
  private pause(attempt: number, after: number | undefined): number {
    const most = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt, 20))
    return (after ?? 0) + this.random.unit() * most
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.clock.clearTimer(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.clock.setTimer(done, ms)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  private turned(state: 'closed' | 'open' | 'asking', rest: number): void {
    const fields = { hook: this.event.event, url: shownAddress(this.event.url) }
    if (state === 'closed') this.parts.complaints.say('hook is back', fields)
    if (state === 'open' && rest > 0) this.parts.complaints.say('hook is left alone', { ...fields, rest })
  }
}

/** In the queue until it was too late: nothing was sent. */
function waited(signal: AbortSignal): Trouble {
  const reason = signal.reason as Trouble
  return reason.kind === 'timeout' ? new Trouble('overloaded', undefined, FULL) : reason
}

function report(pass: Pass | undefined, { kind, after }: Trouble): void {
  if (kind === 'cancelled') pass?.report('neither')
  else if (kind === 'unsent') pass?.report('down')
  else pass?.report(TROUBLES[kind].breaks ? 'bad' : 'good', after)
}
