// What runs on a client's machine: an application that subscribes, publishes, calls and leaves at random, through the
// real Client, and writes down what it asked for and what it was told. A reload throws the Client away and keeps only
// what a page could have stored: the position of each subscription.

import { Client, type Subscription } from '@tautline/client'
import { type Policy, type Position, RealtimeError } from '@tautline/wire'
import type { Call, Publish, Reached, Step } from '../checker/mod.ts'
import { Chance } from './chance.ts'
import { Machine } from './machine.ts'
import type { Network } from './network.ts'
import { type Content, contentOf, payloadOf } from './payload.ts'
import type { ChannelPlan, Plan } from './plan.ts'
import type { Scheduler } from './scheduler.ts'
import { socketClass } from './web-socket.ts'
import { CODECS } from './wire-observer.ts'

export type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** One subscription of the application, as it saw it. */
export interface AppStream {
  readonly observer: string
  readonly channel: string
  readonly policy: Policy | null
  readonly from: Position | null
  readonly steps: Step[]
  readonly handle: Subscription<Content>
  readonly presence: boolean
  /** false: unsubscribed, or its Client is gone. */
  on: boolean
}

/** What all applications of a world share. */
export interface ApplicationParts {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly network: Network
  readonly note: (who: string, channel: string | null, text: string) => void
  readonly failed: (error: unknown) => void
}

/** One client of the world. */
export class Application {
  readonly name: string
  readonly publishes: Writable<Publish>[] = []
  readonly calls: (Writable<Call> & { values?: number[] })[] = []
  readonly streams: AppStream[] = []
  readonly reached: Reached[] = []
  machine: Machine
  client: Client
  readonly #parts: ApplicationParts
  readonly #chance: Chance
  readonly #stored = new Map<string, Position>()
  /** What was published before the last reload. */
  readonly #before = new Set<string>()
  #wake: ((why: 'online' | 'wake' | 'show') => void) | null = null
  #starts = 0
  #sent = 0

  constructor(name: string, parts: ApplicationParts) {
    this.name = name
    this.#parts = parts
    this.#chance = new Chance(parts.plan.seed, `application ${name}`)
    this.machine = this.#boot()
    this.client = this.#connect()
  }

  /** One operation at random. */
  act(): void {
    const { plan } = this.#parts
    const kind = this.#chance.pick(plan.channels)
    const channel = this.#chance.pick(kind.names)
    const mine = this.streams.filter((stream) => stream.on && stream.channel === channel)
    const operation = this.#chance.weighted<'subscribe' | 'publish' | 'unsubscribe' | 'call' | 'query' | 'close'>([
      [mine.length === 0 ? 6 : 0.3, 'subscribe'],
      [8, 'publish'],
      [mine.length > 0 ? 0.7 : 0, 'unsubscribe'],
      [1, 'call'],
      [0.5, 'query'],
      [0.2, 'close'],
    ])
    if (operation === 'subscribe') this.#subscribe(kind, channel)
    else if (operation === 'publish') this.#publishSome(channel)
    else if (operation === 'unsubscribe') this.#unsubscribe(this.#chance.pick(mine))
    else if (operation === 'call') this.#call()
    else if (operation === 'query') this.#query(kind, channel)
    else this.#close()
  }

  /** The machine slept. */
  woken(): void {
    if (this.#chance.happens(0.7)) this.machine.post(() => this.#wake?.('wake'), 1)
  }

  /** The page is loaded again: another Client, with nothing but the stored positions. */
  reload(): void {
    this.#note(null, 'reloads')
    for (const stream of this.streams) {
      if (!stream.on) continue
      stream.on = false
      if (stream.handle.position !== null) this.#stored.set(stream.channel, stream.handle.position)
    }
    for (const publish of this.publishes) {
      // Nobody is there any more to be told.
      if (publish.outcome === 'pending') publish.outcome = 'unknown'
    }
    for (const call of this.calls) if (call.outcome === 'pending') call.outcome = 'unknown'
    for (const { payload } of this.publishes) this.#before.add(payload)
    this.machine.kill()
    for (const connection of this.#parts.network.connections) {
      if (connection.client !== this.name) continue
      connection.reset()
      connection.leaveClient()
    }
    this.machine = this.#boot()
    this.client = this.#connect()
  }

  /** The acting is over: whoever had closed comes back. */
  rest(): void {
    this.client.connect()
  }

  #boot(): Machine {
    this.#starts++
    return new Machine(this.#parts.scheduler, this.name, this.#chance.between(-3_600_000, 3_600_000))
  }

  #connect(): Client {
    const { machine, name } = this
    const client = new Client('ws://cluster.test/realtime', {
      token: name,
      WebSocket: socketClass(this.#parts.network, machine),
      codec: this.#chance.pick(CODECS),
      clock: machine,
      random: new Chance(this.#parts.plan.seed, `client ${name}.${this.#starts}`),
      lifecycle: {
        listen: (wake) => {
          this.#wake = wake
          return () => {
            this.#wake = null
          }
        },
      },
    })
    client.on('state', (change) => this.#note(null, `is ${change.state} ${change.reason?.code ?? ''}`))
    client.on('error', (error) => this.#parts.failed(error))
    client.connect()
    return client
  }

  #subscribe(kind: ChannelPlan, channel: string): void {
    const stored = this.#stored.get(channel)
    const from = stored !== undefined && this.#chance.happens(0.8) ? stored : null
    const last = from === null && this.#chance.happens(0.4) ? this.#chance.between(1, 8) : null
    const policy = this.#chance.happens(0.2)
      ? this.#chance.pick<Policy>(['lossless', 'latest', { drop: 3 }, 'disconnect'])
      : null
    const presence = kind.presence && this.#chance.happens(0.8)
    const handle = this.client.channel<Content>(channel).subscribe({
      ...(from === null ? {} : { from }),
      ...(last === null ? {} : { last }),
      ...(policy === null || kind.ephemeral ? {} : { policy }),
      presence,
    })
    const stream: AppStream = {
      observer: `${this.name}/${this.streams.length}`,
      channel,
      policy,
      from,
      steps: [],
      handle,
      presence,
      on: true,
    }
    this.streams.push(stream)
    this.#note(channel, `subscribes as ${stream.observer} ${JSON.stringify({ from, last, policy })}`)
    this.#listen(stream, last)
  }

  #listen(stream: AppStream, last: number | null): void {
    const { handle, steps, channel } = stream
    const asked = this.machine.now()
    let started = false
    const begin = (): void => {
      if (started || handle.position === null || handle.state === 'waiting' || handle.state === 'joining') return
      started = true
      const from = stream.from ?? (last === null ? 'head' : { last })
      const start = handle.position
      steps.push({ kind: 'start', at: this.machine.now(), asked, from, outcome: null, start, head: null })
    }
    handle.on('state', ({ state, error }) => {
      this.#note(channel, `${stream.observer} is ${state}${error === undefined ? '' : ` (${error.message})`}`)
      begin()
    })
    // It may share an attachment that is live already.
    begin()
    handle.on('message', (message) => {
      if (!started && message.position !== null) {
        started = true
        const from = stream.from ?? 'head'
        steps.push({ kind: 'start', at: this.machine.now(), asked, from, outcome: null, start: null, head: null })
      }
      const payload = payloadOf(message)
      const { position, id } = message
      // A page that was loaded again does not know what it had published before.
      const own = this.#before.has(payload) ? null : message.own
      steps.push({ kind: 'message', at: this.machine.now(), position, id, payload, own })
      this.#note(channel, `${stream.observer} gets ${payload} at ${position?.offset}`)
    })
    handle.on('lost', (lost) => {
      started = true
      steps.push({ kind: 'lost', at: this.machine.now(), lost, start: lost.to })
      this.#note(channel, `${stream.observer} lost ${lost.why} ${lost.from?.offset} to ${lost.to?.offset}`)
    })
    handle.on('gap', (gap) => {
      steps.push({ kind: 'gap', at: this.machine.now(), to: gap.to, count: gap.count, why: gap.why })
      this.#note(channel, `${stream.observer} gap ${gap.why} of ${gap.count} to ${gap.to.offset}`)
    })
  }

  #unsubscribe(stream: AppStream): void {
    stream.on = false
    if (stream.handle.position !== null) this.#stored.set(stream.channel, stream.handle.position)
    this.#note(stream.channel, `${stream.observer} unsubscribes`)
    void stream.handle.unsubscribe().then(() => {
      stream.steps.push({ kind: 'stop', at: this.machine.now(), why: 'unsubscribed' })
      this.#note(stream.channel, `${stream.observer} is unsubscribed`)
    })
  }

  #publishSome(channel: string): void {
    const count = this.#chance.happens(0.3) ? this.#chance.between(2, 12) : 1
    for (let i = 0; i < count; i++) this.#publish(channel)
  }

  #publish(channel: string): void {
    const payload = `${this.name}.${++this.#sent}`
    const weight = this.#chance.happens(0.1) ? this.#chance.between(500, 20_000) : 0
    const content = contentOf(payload, weight, this.#chance.happens(0.15))
    const state = this.#chance.happens(0.5) ? { state: this.#chance.pick(['s', 't']) } : {}
    const publish: Writable<Publish> = {
      client: this.name,
      channel,
      payload,
      key: null,
      invoked: this.machine.now(),
      settled: null,
      outcome: 'pending',
    }
    this.publishes.push(publish)
    this.#note(channel, `publishes ${payload}`)
    const { machine } = this
    this.client
      .channel<Content>(channel)
      .publish(content, state)
      .then(
        (result) => {
          Object.assign(publish, { outcome: 'ok', position: result.position, key: result.key, settled: machine.now() })
          publish.duplicate = result.duplicate === true
          this.#note(channel, `${payload} is at ${result.position?.offset}${publish.duplicate ? ' (known)' : ''}`)
          if (result.position !== null && this.#chance.happens(0.2)) this.#reach(channel, result.position)
        },
        (error: unknown) => {
          const known = error instanceof RealtimeError ? error : null
          publish.outcome = known?.retry === 'no' && known.code !== 'key-expired' ? 'failed' : 'unknown'
          publish.code = known?.code ?? String(error)
          publish.settled = machine.now()
          this.#note(channel, `${payload} is ${publish.outcome}: ${publish.code}`)
          if (known === null) this.#parts.failed(error)
        },
      )
  }

  #reach(channel: string, asked: Position): void {
    const stream = this.streams.find((one) => one.on && one.channel === channel)
    if (stream === undefined) return
    const { machine } = this
    const timeout = this.#chance.between(10, 5_000)
    stream.handle.reached(asked, { timeout }).then(
      () => this.reached.push({ observer: stream.observer, channel, asked, at: machine.now() }),
      () => {},
    )
  }

  #call(): void {
    const call: Writable<Call> & { values?: number[] } = {
      client: this.name,
      call: `${this.name}:${this.calls.length}`,
      outcome: 'pending',
      executions: 0,
    }
    this.calls.push(call)
    const method = this.#chance.pick(['once', 'slow', 'count'])
    const timeout = this.#chance.pick([200, 30_000])
    const done = (outcome: Call['outcome'], text: string): void => {
      if (call.outcome === 'pending') call.outcome = outcome
      this.#note(null, `call ${call.call} ${method}: ${text}`)
    }
    const failed = (error: unknown): void => done('unknown', error instanceof Error ? error.message : String(error))
    if (method === 'count') void this.#stream(call, timeout).then(() => done('ok', 'ended'), failed)
    else void this.client.call(method, { call: call.call }, { timeout }).then(() => done('ok', 'answered'), failed)
  }

  async #stream(call: Writable<Call> & { values?: number[] }, timeout: number): Promise<void> {
    call.values = []
    for await (const value of this.client.stream<number>('count', { call: call.call }, { timeout }))
      call.values.push(value)
    call.expected = 4
  }

  #query(kind: ChannelPlan, channel: string): void {
    const quiet = (): void => {}
    if (kind.presence && this.#chance.happens(0.5)) this.client.channel(channel).presence().then(quiet, quiet)
    else if (!kind.ephemeral)
      this.client
        .channel(channel)
        .history({ limit: this.#chance.between(1, 20) })
        .then(quiet, quiet)
  }

  #close(): void {
    this.#note(null, 'closes')
    this.client.close()
    for (const call of this.calls) if (call.outcome === 'pending') call.outcome = 'unknown'
    const { client } = this
    this.machine.setTimer(() => client.connect(), this.#chance.within(0, 5_000))
  }

  #note(channel: string | null, text: string): void {
    this.#parts.note(this.name, channel, text)
  }
}
