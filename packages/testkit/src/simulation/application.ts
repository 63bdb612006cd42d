// What runs on a client's machine: an application that subscribes, publishes, calls and leaves at random, through the
// real Client, and writes down what it asked for and what it was told. A reload throws the Client away and keeps only
// what a page could have stored: the position of each subscription.

import { Client } from '@tautline/client'
import type { History } from '../checker/mod.ts'
import { Asking } from './asking.ts'
import { Chance } from './chance.ts'
import { Following } from './following.ts'
import { Machine } from './machine.ts'
import type { ApplicationParts, Page } from './page.ts'
import type { ChannelPlan } from './plan.ts'
import { Publishing } from './publishing.ts'
import { socketClass } from './web-socket.ts'
import { CODECS } from './wire-observer.ts'

/** What the application's own server answers now and then when it is asked for a token. */
class NoToken extends Error {}

/** One client of the world. */
export class Application implements Page {
  readonly name: string
  readonly parts: ApplicationParts
  readonly chance: Chance
  readonly following: Following
  readonly publishing: Publishing
  readonly asking: Asking
  /** Messages from no channel. */
  readonly received: History['received'][number][] = []
  machine: Machine
  client: Client
  /** Nothing fails any more that only the application's own world lets fail. */
  calm = false
  #wake: ((why: 'online' | 'wake' | 'show') => void) | null = null
  #starts = 0
  #tokens = 0

  constructor(name: string, parts: ApplicationParts) {
    this.name = name
    this.parts = parts
    this.chance = new Chance(parts.plan.seed, `application ${name}`)
    this.following = new Following(this, (payload) => this.publishing.before.has(payload))
    this.publishing = new Publishing(this, this.following)
    this.asking = new Asking(this)
    this.machine = this.#boot()
    this.client = this.#connect()
  }

  /** One operation at random. */
  act(): void {
    const { chance, following, publishing, asking } = this
    const kind = chance.pick(this.parts.plan.channels.filter((one) => one.by === 'clients'))
    const channel = chance.pick(kind.names)
    const mine = following.of(channel)
    const patterns = following.patterns.filter((one) => one.on)
    const operation = chance.weighted<() => void>([
      [mine.length === 0 ? 6 : 0.3, () => following.some(kind, channel)],
      [8, () => publishing.some(channel)],
      [mine.length > 0 ? 0.7 : 0, () => following.unsubscribe(chance.pick(mine))],
      [1, () => asking.call()],
      [kind.presence ? 0.3 : 0, () => asking.presence(channel)],
      [kind.ephemeral ? 0 : 0.5, () => asking.read(channel, mine[0]?.handle.position ?? following.stored(channel))],
      [patterns.length === 0 ? 0.5 : 0, () => following.followPattern(chance.pick(['chat:*', 'board:*', 'feed:*']))],
      [patterns.length > 0 ? 0.3 : 0, () => following.unsubscribe(chance.pick(patterns))],
      [0.2, () => this.#close()],
    ])
    operation()
  }

  /** The machine slept. */
  woken(): void {
    if (this.chance.happens(0.7)) this.machine.post(() => this.#wake?.('wake'), 1)
  }

  /** The page is loaded again: another Client, with nothing but the stored positions. */
  reload(): void {
    this.note(null, 'reloads')
    this.following.reload()
    this.publishing.reload()
    this.asking.abandon()
    this.machine.kill()
    for (const connection of this.parts.network.connections) {
      if (connection.client !== this.name) continue
      connection.reset()
      connection.leaveClient()
    }
    this.machine = this.#boot()
    this.client = this.#connect()
  }

  /** The acting is over: whoever had closed comes back. */
  rest(): void {
    this.calm = true
    this.client.connect()
  }

  note(channel: string | null, text: string): void {
    this.parts.note(this.name, channel, text)
  }

  #boot(): Machine {
    this.#starts++
    return new Machine(this.parts.scheduler, this.name, this.chance.between(-3_600_000, 3_600_000))
  }

  #connect(): Client {
    const { machine, name, chance, parts } = this
    const page = this.#starts
    const client = new Client('ws://cluster.test/realtime', {
      token: parts.plan.tokens === null ? name : () => this.#token(machine),
      WebSocket: socketClass(parts.network, machine),
      codec: chance.pick(CODECS),
      clock: machine,
      random: new Chance(parts.plan.seed, `client ${name}.${this.#starts}`),
      lifecycle: {
        listen: (wake) => {
          this.#wake = wake
          return () => {
            this.#wake = null
          }
        },
      },
    })
    client.on('state', ({ state, reason }) => {
      this.note(null, `is ${state} ${reason?.code ?? ''}`)
      // Sent away by a decision: the user tries again some time.
      if (state === 'stopped') machine.setTimer(() => client.connect(), chance.between(500, 4_000))
    })
    client.on('error', (error) => {
      if (!(error instanceof NoToken)) parts.failed(error)
    })
    client.on('message', ({ data }) => {
      this.received.push({ client: name, page, payload: String(data), at: machine.now() })
      this.note(null, `is told ${String(data)}`)
    })
    client.on('subscribed', ({ channel }) => this.#adopt(channel))
    client.connect()
    return client
  }

  /** The server subscribed it: it listens. */
  #adopt(channel: string): void {
    const kind = this.parts.plan.channels.find((one) => one.names.includes(channel)) as ChannelPlan
    this.following.follow(kind, channel)
  }

  async #token(machine: Machine): Promise<string> {
    const number = ++this.#tokens
    await new Promise<void>((resolve) => machine.setTimer(resolve, this.chance.between(1, this.calm ? 50 : 800)))
    if (!this.calm && this.chance.happens(0.05)) throw new NoToken('no token now')
    return `${this.name}@${number}`
  }

  #close(): void {
    this.note(null, 'closes')
    this.client.close()
    this.asking.abandon()
    const { client } = this
    this.machine.setTimer(() => client.connect(), this.chance.within(0, 5_000))
  }
}
