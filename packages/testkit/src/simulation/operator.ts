// What the application behind the servers does of its own accord, on any node: publishes, sends messages to users,
// subscribes and unsubscribes them, sends them away. Everything it did is written down.

import { RealtimeError } from '@tautline/wire'
import type { Direct, Publish, UserOrder } from '../checker/mod.ts'
import type { Chance } from './chance.ts'
import type { Cluster, RunningNode } from './cluster.ts'
import type { Writable } from './page.ts'
import type { Plan } from './plan.ts'
import { settle } from './publishing.ts'

/** Codes with which users are sent away: stay, stay, come back at once, bring another token. */
const CODES = [4401, 4400, 4100, 4201] as const

/** One per world. */
export class Operator {
  readonly publishes: Writable<Publish>[] = []
  readonly directs: Direct[] = []
  readonly orders: UserOrder[] = []
  readonly #plan: Plan
  readonly #chance: Chance
  readonly #cluster: Cluster
  readonly #users: readonly string[]
  readonly #note: (who: string, channel: string | null, text: string) => void
  #count = 0

  constructor(
    plan: Plan,
    chance: Chance,
    cluster: Cluster,
    note: (who: string, channel: string | null, text: string) => void,
  ) {
    this.#plan = plan
    this.#chance = chance
    this.#cluster = cluster
    this.#note = note
    this.#users = Array.from({ length: plan.clients }, (_, i) => `c${i + 1}`)
  }

  /** One thing at random, on one of the nodes that run. */
  act(): void {
    const chance = this.#chance
    const { running } = this.#cluster
    if (running.length === 0) return
    const node = chance.pick(running)
    if (node.machine.frozen) return
    const user = chance.pick(this.#users)
    const operation = chance.weighted<() => void>([
      [3, () => this.#send(node, user, false)],
      [4, () => this.publish(node, chance.pick(this.#channels()), chance.between(1, 4))],
      [3, () => this.#order(node, 'subscribe', user, false)],
      [2, () => this.#order(node, 'unsubscribe', user, false)],
      [0.7, () => this.#disconnect(node, user)],
    ])
    operation()
  }

  /** When all is quiet: what is ordered and sent now is certain. */
  last(): void {
    for (const node of this.#cluster.running) for (const user of this.#users) this.#send(node, user, true)
    const [node] = this.#cluster.running
    if (node === undefined) return
    for (const user of this.#users) this.#order(node, 'unsubscribe', user, true)
  }

  /** Behind `last`: who is unsubscribed hears nothing of it, everybody else does. */
  afterwards(): void {
    const { running } = this.#cluster
    for (const channel of this.#channels()) this.publish(this.#chance.pick(running), channel, 1)
  }

  publish({ realtime, machine, id }: RunningNode, channel: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const payload = `${id}.${++this.#count}`
      const invoked = machine.now()
      const publish: Writable<Publish> = {
        client: id,
        channel,
        payload,
        key: null,
        page: 0,
        invoked,
        settled: null,
        outcome: 'pending',
      }
      this.publishes.push(publish)
      this.#note(id, channel, `publishes ${payload}`)
      const state = this.#chance.happens(0.5) ? { state: this.#chance.pick(['s', 't']) } : {}
      realtime.publish(channel, { p: payload }, state).then(
        ({ position }) => {
          Object.assign(publish, { outcome: 'ok', position, settled: machine.now() })
        },
        (error: unknown) => {
          settle(publish, error, machine.now())
          // Without a key nothing is tried again: what is refused for now is refused.
          if (error instanceof RealtimeError && error.retry === 'later') publish.outcome = 'failed'
        },
      )
    }
  }

  /** Whoever published on a node that died will not be told any more. */
  settle(): void {
    for (const publish of this.publishes) {
      if (publish.outcome === 'pending' && this.#cluster.crashed.includes(publish.client))
        Object.assign(publish, { outcome: 'unknown', code: 'crashed' })
    }
  }

  #channels(): readonly string[] {
    return this.#plan.channels.filter((one) => !one.ephemeral).flatMap((one) => one.names)
  }

  #send({ realtime, machine, id }: RunningNode, user: string, certain: boolean): void {
    const payload = `to ${user} from ${id}.${++this.#count}`
    this.directs.push({ user, payload, at: machine.now(), certain })
    this.#note(id, null, `sends "${payload}"`)
    void realtime.send(user, payload).catch(() => {})
  }

  #order(
    { realtime, machine, id }: RunningNode,
    op: 'subscribe' | 'unsubscribe',
    user: string,
    certain: boolean,
  ): void {
    const channel = 'news:n'
    this.orders.push({ at: machine.now(), op, user, channel, certain })
    this.#note(id, channel, `${op}s ${user}`)
    void realtime[op](user, channel).catch(() => {})
  }

  #disconnect({ realtime, machine, id }: RunningNode, user: string): void {
    const code = this.#chance.pick(CODES)
    this.orders.push({ at: machine.now(), op: 'disconnect', user, code, certain: false })
    this.#note(id, null, `sends ${user} away with ${code}`)
    void realtime.disconnect(user, code).catch(() => {})
  }
}
