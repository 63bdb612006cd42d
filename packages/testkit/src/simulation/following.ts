// The subscriptions of a simulated application, to channels and to patterns: what it asked for, what each was told, and
// which positions a page would have stored.

import type { Subscription } from '@tautline/client'
import type { Lost, Policy, Position } from '@tautline/wire'
import type { PatternStep, Reached, Step } from '../checker/mod.ts'
import type { Page } from './page.ts'
import { type Content, payloadOf } from './payload.ts'
import type { ChannelPlan } from './plan.ts'

/** One subscription of the application, as it saw it. */
export interface AppStream {
  readonly observer: string
  readonly channel: string
  readonly policy: Policy | null
  readonly from: Position | null
  readonly steps: Step[]
  readonly handle: Subscription<Content>
  readonly presence: boolean
  /** false: unsubscribed, ended by the server, or its Client is gone. */
  on: boolean
}

/** One subscription to a pattern. */
export interface AppPattern {
  readonly observer: string
  readonly pattern: string
  readonly began: number
  readonly steps: PatternStep[]
  readonly handle: Subscription<Content>
  on: boolean
}

/** How a subscription is asked for. */
export interface FollowWish {
  readonly from?: Position | null
  readonly last?: number | null
  readonly policy?: Policy | null
  readonly conflate?: boolean
}

/** All subscriptions of one application. */
export class Following {
  readonly streams: AppStream[] = []
  readonly patterns: AppPattern[] = []
  readonly reached: Reached[] = []
  readonly #page: Page
  /** Was it published before the last reload? Then nobody knows whose it is. */
  readonly #isForgotten: (payload: string) => boolean
  readonly #stored = new Map<string, Position>()

  constructor(page: Page, isForgotten: (payload: string) => boolean) {
    this.#page = page
    this.#isForgotten = isForgotten
  }

  /** The subscriptions to a channel that stand. */
  of(channel: string): readonly AppStream[] {
    return this.streams.filter((stream) => stream.on && stream.channel === channel)
  }

  /** A position that a page would have. */
  stored(channel: string): Position | undefined {
    return this.#stored.get(channel)
  }

  /** Subscribes as it comes. */
  some(kind: ChannelPlan, channel: string): void {
    const { chance } = this.#page
    const stored = this.#stored.get(channel)
    const from = stored !== undefined && chance.happens(0.8) ? stored : null
    const last = from === null && chance.happens(0.4) ? chance.between(1, 8) : null
    const free = !kind.ephemeral && kind.pattern !== 'board:*'
    const policy =
      free && chance.happens(0.2) ? chance.pick<Policy>(['lossless', 'latest', { drop: 3 }, 'disconnect']) : null
    const conflate = (policy ?? kind.policy) === 'latest' && chance.happens(0.6)
    this.follow(kind, channel, { from, last, policy, conflate })
  }

  follow(kind: ChannelPlan, channel: string, wish: FollowWish = {}): void {
    const { client, chance } = this.#page
    const { from = null, last = null, policy = null, conflate = false } = wish
    const presence = kind.presence && chance.happens(0.8)
    const handle = client.channel<Content>(channel).subscribe({
      ...(from === null ? {} : { from }),
      ...(last === null ? {} : { last }),
      ...(policy === null ? {} : { policy }),
      ...(conflate ? { conflate } : {}),
      presence,
    })
    const observer = `${this.#page.name}/${this.streams.length}`
    const stream: AppStream = { observer, channel, policy, from, steps: [], handle, presence, on: true }
    this.streams.push(stream)
    this.#page.note(channel, `subscribes as ${observer} ${JSON.stringify({ from, last, policy, conflate })}`)
    this.#listen(stream, last, kind.by === 'server')
  }

  followPattern(pattern: string): void {
    const { client, chance, machine, name } = this.#page
    const policy = chance.pick<Policy | null>([null, null, { drop: 5 }, 'disconnect'])
    const handle = client.channel<Content>(pattern).subscribe(policy === null ? {} : { policy })
    const observer = `${name}/p${this.patterns.length}`
    const stream: AppPattern = { observer, pattern, began: machine.now(), steps: [], handle, on: true }
    this.patterns.push(stream)
    this.#page.note(null, `subscribes as ${observer} to ${pattern} ${JSON.stringify({ policy })}`)
    this.#listenToPattern(stream)
  }

  unsubscribe(stream: AppStream | AppPattern): void {
    const { machine } = this.#page
    const channel = 'channel' in stream ? stream.channel : null
    stream.on = false
    if (channel !== null && stream.handle.position !== null) this.#stored.set(channel, stream.handle.position)
    this.#page.note(channel, `${stream.observer} unsubscribes`)
    void stream.handle.unsubscribe().then(() => {
      stream.steps.push({ kind: 'stop', at: machine.now(), why: 'unsubscribed' })
      this.#page.note(channel, `${stream.observer} is unsubscribed`)
    })
  }

  /** Waits until a position was handed over. */
  reach(channel: string, asked: Position): void {
    const stream = this.of(channel)[0]
    if (stream === undefined) return
    const { machine, chance } = this.#page
    const timeout = chance.between(10, 5_000)
    stream.handle.reached(asked, { timeout }).then(
      () => this.reached.push({ observer: stream.observer, channel, asked, at: machine.now() }),
      () => {},
    )
  }

  /** The page is gone; what it had stored stays. */
  reload(): void {
    for (const stream of this.streams) {
      if (stream.on && stream.handle.position !== null) this.#stored.set(stream.channel, stream.handle.position)
      stream.on = false
    }
    for (const pattern of this.patterns) pattern.on = false
  }

  #listen(stream: AppStream, last: number | null, serverSide: boolean): void {
    const { handle, steps, channel } = stream
    const { machine } = this.#page
    const asked = machine.now()
    const from = stream.from ?? (last === null ? 'head' : { last })
    let started = false
    const start = (position: Position | null): void => {
      started = true
      steps.push({ kind: 'start', at: machine.now(), asked, from, outcome: null, start: position, head: null })
    }
    const begin = (): void => {
      if (!started && handle.position !== null && handle.state !== 'waiting' && handle.state !== 'joining')
        start(handle.position)
    }
    handle.on('state', ({ state, error }) => {
      this.#page.note(channel, `${stream.observer} is ${state}${error === undefined ? '' : ` (${error.message})`}`)
      if (state === 'stopped' && serverSide) {
        stream.on = false
        steps.push({ kind: 'stop', at: machine.now(), why: 'revoked' })
      }
      begin()
    })
    // It may share an attachment that is live already.
    begin()
    handle.on('message', (message) => {
      const { position, id } = message
      if (!started && position !== null) start(null)
      const payload = payloadOf(message)
      const own = this.#isForgotten(payload) ? null : message.own
      steps.push({ kind: 'message', at: machine.now(), position, id, payload, own })
      this.#page.note(channel, `${stream.observer} gets ${payload} at ${position?.offset}`)
    })
    handle.on('lost', (lost) => {
      started = true
      steps.push({ kind: 'lost', at: machine.now(), lost, start: lost.to })
      this.#page.note(channel, `${stream.observer} ${said(lost)}`)
    })
    handle.on('gap', ({ to, count, why }) => {
      steps.push({ kind: 'gap', at: machine.now(), to, count, why })
      this.#page.note(channel, `${stream.observer} gap ${why} of ${count} to ${to.offset}`)
    })
  }

  #listenToPattern({ handle, steps, observer }: AppPattern): void {
    const { machine } = this.#page
    handle.on('message', (message) => {
      const { channel, id } = message
      const payload = payloadOf(message)
      const stored = !channel.startsWith('typing:')
      steps.push({ kind: 'message', at: machine.now(), channel, stored, id, payload })
      this.#page.note(channel, `${observer} gets ${payload} of ${channel}`)
    })
    handle.on('gap', ({ to, count, why }) => {
      steps.push({ kind: 'gap', at: machine.now(), channel: '', to })
      this.#page.note(null, `${observer} gap ${why} of ${count} to ${to.offset}`)
    })
    handle.on('lost', (lost) => {
      steps.push({ kind: 'lost', at: machine.now() })
      this.#page.note(null, `${observer} ${said(lost)}`)
    })
    handle.on('state', ({ state, error }) =>
      this.#page.note(null, `${observer} is ${state}${error === undefined ? '' : ` (${error.message})`}`),
    )
  }
}

function said({ why, from, to }: Lost): string {
  return `lost ${why} ${from?.offset} to ${to?.offset}`
}
