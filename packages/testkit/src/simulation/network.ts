// The simulated network: who listens, who is connected, and how dialling ends. One address stands for the whole cluster,
// as behind a load balancer; it hands a client to any node that listens, also to one that has just died.

import type { Link, LinkRequest } from '@tautline/server'
import type { Codec } from '@tautline/wire'
import type { Chance } from './chance.ts'
import { Connection, type Tap } from './connection.ts'
import type { Liar } from './liar.ts'
import type { Machine } from './machine.ts'
import { addressOf, NodeLink } from './node-link.ts'
import type { Route } from './pipe.ts'
import type { Dialer } from './web-socket.ts'

/** A node that takes connections. */
export interface Listener {
  readonly machine: Machine
  accept(link: Link, request: LinkRequest): void
}

/** How a dial ends where it does not end well. */
export type Refusal = 'refused' | 'silent'

/** All machines' connections. */
export class Network implements Dialer {
  /** Set by faults: how the next dials end. */
  refusal: Refusal | null = null
  /** Bytes that a node's link lets wait before it says that the network is behind. */
  highMark: number
  /** Makes the nodes of a world lie that is broken on purpose. */
  liar: ((codec: Codec) => Liar) | null = null
  /** Every connection there was. */
  readonly made: Connection[] = []
  readonly #chance: Chance
  readonly #codecs: readonly Codec[]
  readonly #tap: Tap
  readonly #listeners: Listener[] = []
  readonly #routes = new Map<string, Route>()
  readonly #connections = new Set<Connection>()
  readonly #byAddress = new Map<string, Connection>()
  #lastId = 0

  constructor(chance: Chance, codecs: readonly Codec[], tap: Tap, highMark = 16_384) {
    this.highMark = highMark
    this.#chance = chance
    this.#codecs = codecs
    this.#tap = tap
  }

  /** Connections that at least one end holds open. */
  get connections(): readonly Connection[] {
    return [...this.#connections]
  }

  /** The connection that a node knows by this address. */
  byAddress(address: string | undefined): Connection | undefined {
    return address === undefined ? undefined : this.#byAddress.get(address)
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** The node's address answers no more. */
  unlisten(machine: Machine): void {
    const at = this.#listeners.findIndex((listener) => listener.machine === machine)
    if (at !== -1) this.#listeners.splice(at, 1)
  }

  /** How a client's route behaves; its present connections follow at once. */
  route(client: string): Route {
    let route = this.#routes.get(client)
    if (route === undefined) {
      route = { latency: this.#chance.within(1, 60), jitter: this.#chance.within(0, 30), rate: 1_000 }
      this.#routes.set(client, route)
    }
    return route
  }

  dial(machine: Machine, url: string, protocols: readonly string[], answered: (made: Connection | null) => void): void {
    const route = this.route(machine.name)
    const delay = route.latency + this.#chance.within(0, route.jitter)
    if (this.refusal === 'silent') return
    const listener = this.#listeners.length === 0 ? undefined : this.#chance.pick(this.#listeners)
    const codec = this.#codecs.find((one) => protocols.includes(one.subprotocol))
    if (this.refusal === 'refused' || listener === undefined || codec === undefined) {
      return machine.post(() => answered(null), 2 * delay)
    }
    listener.machine.post(() => this.#accept(listener, machine, url, codec, answered), delay)
  }

  #accept(
    listener: Listener,
    client: Machine,
    url: string,
    codec: Codec,
    answered: (made: Connection | null) => void,
  ): void {
    const connection = new Connection({
      id: ++this.#lastId,
      client,
      node: listener.machine,
      protocol: codec.subprotocol,
      route: this.route(client.name),
      chance: this.#chance,
      tap: this.#tap,
      gone: (one) => this.#connections.delete(one),
    })
    this.#connections.add(connection)
    this.#byAddress.set(addressOf(connection.id), connection)
    this.made.push(connection)
    const link = new NodeLink(connection, listener.machine, codec, this.highMark, this.liar?.(codec) ?? null)
    connection.attachNode(link)
    let told = false
    const answer = (made: Connection | null): void => {
      if (told) return
      told = true
      answered(made)
    }
    connection.unanswered = () => answer(null)
    // Like a frame, so that nothing the node sends at once overtakes it.
    connection.down.send(1, () => answer(connection))
    listener.accept(link, requestOf(url, link.remoteAddress))
  }

  /** A node has died: its links are gone; `told` says whether the network still tells the clients. */
  lose(machine: Machine, told: boolean): void {
    this.unlisten(machine)
    for (const connection of [...this.#connections]) {
      if (connection.node !== machine.name) continue
      if (told) connection.reset()
      else connection.vanish('both')
      connection.leaveNode()
    }
  }
}

function requestOf(url: string, remoteAddress: string | undefined): LinkRequest {
  const target = /^wss?:\/\/[^/]+(\/.*)?$/.exec(url)?.[1] ?? '/'
  const fields = new Map([
    ['host', 'cluster.test'],
    ['origin', 'https://cluster.test'],
  ])
  return {
    headers: { get: (name) => fields.get(name) },
    remoteAddress,
    origin: 'https://cluster.test',
    target,
    secure: false,
  }
}
