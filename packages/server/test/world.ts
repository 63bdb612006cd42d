// A server in memory on virtual time, and peers that talk to it.
import { MemoryBroker, MemoryPresence } from '@tautline/broker'
import type { Codec, Json } from '@tautline/wire'
import { createRealtime, type Realtime, type RealtimeOptions } from '../src/mod.ts'
import { Peer, REQUEST } from './peer.ts'
import { chance, Time } from './presence/clock.ts'

/** One node (or several that share a broker), and its time. */
export class World {
  readonly time: Time
  readonly broker: MemoryBroker
  readonly presence: MemoryPresence
  readonly realtime: Realtime
  private readonly options: RealtimeOptions
  private clients = 0

  constructor(options: RealtimeOptions = {}) {
    this.time = options.clock instanceof Time ? options.clock : new Time()
    const clock = this.time
    this.broker = new MemoryBroker({ clock, random: chance(1) })
    this.presence = new MemoryPresence({ clock })
    // Who may do what is not what most tests are about.
    this.options = { allow: 'everyone', broker: this.broker, presence: this.presence, clock, ...options }
    this.realtime = createRealtime({ random: chance(2), node: 'n1', ...this.options })
  }

  /** Another node on the same broker. */
  node(name: string): Realtime {
    return createRealtime({ random: chance(name.charCodeAt(1)), node: name, ...this.options })
  }

  /** A link that has said nothing yet. */
  link(codec?: Codec, realtime: Realtime = this.realtime): Peer {
    const peer = new Peer(codec)
    realtime.accept(peer, REQUEST)
    return peer
  }

  /** A connected client. */
  async connect(fields: Record<string, unknown> = {}, codec?: Codec, realtime?: Realtime): Promise<Peer> {
    const peer = this.link(codec, realtime)
    const id = peer.say({ op: 'connect', client: `client-${++this.clients}`, features: [], ...fields })
    await this.settle()
    peer.ok(id)
    return peer
  }

  /** A connected client that is live in a channel. */
  async subscriber(channel: string, fields: Record<string, unknown> = {}, codec?: Codec): Promise<Peer> {
    const peer = await this.connect({}, codec)
    const id = peer.say({ op: 'subscribe', ch: channel, from: 'head', ...fields })
    await this.settle()
    peer.ok(id)
    return peer
  }

  /** Publishes as the server, one after another. */
  async publish(channel: string, ...messages: Json[]): Promise<void> {
    for (const message of messages) {
      const published = this.realtime.publish(channel, message)
      await this.settle()
      await published
    }
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await this.time.pass(0)
  }

  async pass(ms: number): Promise<void> {
    await this.time.pass(ms)
    await this.settle()
  }
}

/** What the publications say, in order. */
export function said(peer: Peer, channel?: string): unknown[] {
  return peer.publications(channel).map((one) => one.data)
}
