// Connections that subscribe and unsubscribe channels in random order while somebody publishes at a steady rate; each of
// their attachments is a trail. Everything goes over real WebSockets.

import type { Realtime } from '@tautline/server'
import { Random } from '@tautline/testkit'
import type { Codec, From, Position, ServerMessage, Subscribed } from '@tautline/wire'
import { Speaker } from './speaker.ts'
import { Trail } from './trail.ts'

/** The log as its publisher knows it. */
export class Publisher {
  readonly channels: readonly string[]
  /** By channel: what was stored, by offset. */
  readonly stored: ReadonlyMap<string, (number | undefined)[]>
  /** By channel: positions that were acknowledged, oldest first. */
  readonly acknowledged: ReadonlyMap<string, Position[]>
  published: number
  /** ms that publishing lagged behind its rate, at most. */
  mostBehind: number
  readonly #realtime: Realtime
  readonly #random: Random
  #stopped: boolean

  constructor(realtime: Realtime, channels: readonly string[], random: Random) {
    this.channels = channels
    this.stored = new Map(channels.map((channel) => [channel, []]))
    this.acknowledged = new Map(channels.map((channel) => [channel, []]))
    this.published = 0
    this.mostBehind = 0
    this.#realtime = realtime
    this.#random = random
    this.#stopped = false
  }

  /** Publishes at a rate per second until `stop`; resolves when all is acknowledged. */
  async run(rate: number): Promise<void> {
    const began = performance.now()
    const acknowledged: Promise<void>[] = []
    while (!this.#stopped) {
      const due = ((performance.now() - began) * rate) / 1_000
      this.mostBehind = Math.max(this.mostBehind, ((due - this.published) * 1_000) / rate)
      while (this.published < due) acknowledged.push(this.#publish())
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await Promise.all(acknowledged)
  }

  stop(): void {
    this.#stopped = true
  }

  async #publish(): Promise<void> {
    const channel = this.#random.pick(this.channels)
    const number = ++this.published
    const { position } = await this.#realtime.publish(channel, number)
    if (position === null) throw new Error('not stored')
    const stored = this.stored.get(channel) as (number | undefined)[]
    stored[position.offset] = number
    this.acknowledged.get(channel)?.push(position)
  }
}

export interface Tally {
  subscribes: number
  entries: number
  readonly outcomes: Record<string, number>
  readonly faults: string[]
  /** Trails with entries that came before their publisher knew that they were stored. */
  readonly early: Trail[]
}

/** One connection. */
export class Churner {
  readonly #publisher: Publisher
  readonly #random: Random
  readonly #tally: Tally
  readonly #trails: Map<string, Trail>
  /** Where it was in channels that it left. */
  readonly #left: Map<string, Position>
  readonly #waiting: Map<number, (message: ServerMessage) => void>
  #speaker: Speaker | null
  #lastId: number

  constructor(publisher: Publisher, random: Random, tally: Tally) {
    this.#publisher = publisher
    this.#random = random
    this.#tally = tally
    this.#trails = new Map()
    this.#left = new Map()
    this.#waiting = new Map()
    this.#speaker = null
    this.#lastId = 1
  }

  /** Subscribes so many times. */
  async run(port: number, codec: Codec, subscribes: number): Promise<void> {
    const speaker = await Speaker.open({ port, codec, deflate: true, onMessage: (message) => this.#heard(message) })
    this.#speaker = speaker
    await speaker.greet({ client: `churner-${this.#random.below(2 ** 31)}` })
    const { channels } = this.#publisher
    // Several at once: commands of different channels run side by side.
    const lanes = channels.slice(0, 4).map(async (_, lane) => {
      const own = channels.filter((_channel, i) => i % 4 === lane)
      for (let i = lane; i < subscribes; i += 4) await this.#visit(this.#random.pick(own))
    })
    await Promise.all(lanes)
    if (speaker.over) this.#fault(`the connection ended: ${speaker.closeCode ?? speaker.ending}`)
    for (const fault of speaker.faults) this.#fault(fault)
    await speaker.goodbye()
    await speaker.peer.destroy()
  }

  /** Subscribes, stays a while, and leaves. */
  async #visit(channel: string): Promise<void> {
    const trail = this.#trailFor(channel)
    const hasty = this.#random.below(10) === 0
    const joined = this.#ask({ op: 'subscribe', ch: channel, from: trail.from }, ({ ok }) => {
      this.#trails.set(channel, trail.trail)
      trail.trail.answered(ok as Subscribed)
    })
    // One in ten leaves before it has heard that it came.
    if (!hasty) {
      await joined
      await this.#stay(trail.trail)
    }
    await this.#ask({ op: 'unsubscribe', ch: channel }, () => this.#trails.delete(channel))
    await joined
    this.#conclude(trail.trail, hasty)
  }

  /** Until it is live, and then for up to 30 entries or 200 ms. */
  async #stay(trail: Trail): Promise<void> {
    const live = await this.#speaker?.until(() => trail.live || this.#speaker?.over === true)
    if (live !== true) this.#fault(`${trail.channel} (${trail.asked}) was never live`)
    const until = trail.entries + this.#random.below(30)
    await this.#speaker?.until(() => trail.entries >= until, this.#random.between(1, 200))
  }

  #trailFor(channel: string): { readonly from: From; readonly trail: Trail } {
    const stored = this.#publisher.stored.get(channel) ?? []
    const known = this.#publisher.acknowledged.get(channel) ?? []
    const left = this.#left.get(channel)
    const kind = this.#random.below(4)
    if (kind === 0 && left !== undefined) return { from: left, trail: new Trail(channel, 'resume', left, stored) }
    if (kind === 1 && known.length > 0) {
      const from = this.#random.pick(known.slice(-500))
      return { from, trail: new Trail(channel, 'position', from, stored) }
    }
    if (kind === 2) {
      const last = this.#random.below(150)
      return { from: { last }, trail: new Trail(channel, `last ${last}`, null, stored) }
    }
    return { from: 'head', trail: new Trail(channel, 'head', null, stored) }
  }

  #conclude(trail: Trail, hasty: boolean): void {
    const { outcome, position, head, entries } = trail
    this.#tally.subscribes++
    this.#tally.entries += entries
    this.#tally.outcomes[outcome ?? 'none'] = (this.#tally.outcomes[outcome ?? 'none'] ?? 0) + 1
    if (!hasty && (position?.offset ?? -1) < (head?.offset ?? 0)) this.#fault(`${trail.channel}: left before its head`)
    if (position !== null) this.#left.set(trail.channel, position)
    for (const fault of trail.faults) this.#fault(fault)
    for (const { ev } of trail.announced) this.#fault(`${trail.channel} (${trail.asked}) heard ${ev}`)
    if (trail.early.length > 0) this.#tally.early.push(trail)
  }

  #ask(command: object, answered: (message: { readonly ok?: unknown }) => void): Promise<void> {
    const id = ++this.#lastId
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(id, (message) => {
      const { ok, error } = message as { ok?: unknown; error?: { code: string } }
      if (error !== undefined) this.#fault(`${JSON.stringify(command)} was refused: ${error.code}`)
      else answered({ ok })
      resolve()
    })
    void this.#speaker?.say({ id, ...command })
    return promise
  }

  #heard(message: ServerMessage): boolean {
    if (!('ev' in message)) {
      const answered = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      answered?.(message)
      return answered !== undefined
    }
    if (!('ch' in message)) return false
    const trail = this.#trails.get(message.ch)
    if (trail === undefined) this.#fault(`${message.ev} of ${message.ch} without a subscription`)
    else trail.take(message)
    return true
  }

  #fault(what: string): void {
    if (this.#tally.faults.length < 20) this.#tally.faults.push(what)
  }
}

export interface ChurnOptions {
  readonly realtime: Realtime
  readonly port: number
  readonly codecs: readonly Codec[]
  readonly channels: readonly string[]
  readonly connections: number
  readonly subscribes: number
  /** Publications per second, over all channels. */
  readonly rate: number
  readonly seed: number
}

/** Runs it to its end. */
export async function churn(
  options: ChurnOptions,
): Promise<Tally & { published: number; seconds: number; behind: number }> {
  const { realtime, port, codecs, channels, connections, subscribes, rate, seed } = options
  const tally: Tally = { subscribes: 0, entries: 0, outcomes: {}, faults: [], early: [] }
  const publisher = new Publisher(realtime, channels, new Random(seed))
  const began = performance.now()
  const publishing = publisher.run(rate)
  await Promise.all(
    Array.from({ length: connections }, (_, i) => {
      const codec = codecs[i % codecs.length] as Codec
      const churner = new Churner(publisher, new Random(seed * 1_000 + i), tally)
      return churner.run(port, codec, Math.ceil(subscribes / connections))
    }),
  )
  publisher.stop()
  const seconds = (performance.now() - began) / 1_000
  await publishing
  for (const trail of tally.early) {
    const before = trail.faults.length
    trail.verifyEarly()
    tally.faults.push(...trail.faults.slice(before))
  }
  return { ...tally, published: publisher.published, seconds, behind: publisher.mostBehind }
}
