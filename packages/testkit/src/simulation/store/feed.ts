// The feed of the simulated store: entries travel to every node that attached, each notice on its own way, so that they
// arrive late, twice, in another order, or not at all; whoever may have missed one is told `interrupted` afterwards.

import type { Cast, Detach, Sink } from '@tautline/broker'
import { matchesPattern } from '@tautline/wire'
import type { Chance } from '../chance.ts'
import type { Machine } from '../machine.ts'
import type { StoredEntry } from './log-model.ts'

/** How notices travel. Shares are of 1. */
export interface FeedConditions {
  /** ms. */
  latency: number
  /** ms more at most: what reorders. */
  jitter: number
  twice: number
  dropped: number
}

interface Attachment {
  readonly node: Machine
  readonly name: string
  readonly pattern: boolean
  readonly sink: Sink
  on: boolean
}

/** Everyone who listens. */
export class Feed {
  readonly conditions: FeedConditions = { latency: 2, jitter: 4, twice: 0.02, dropped: 0 }
  /** For the trace: a node was told that it may have missed something. */
  onTold: ((node: string) => void) | null = null
  readonly #told: (node: string) => void
  readonly #chance: Chance
  readonly #world: Machine
  readonly #channels = new Map<string, Attachment[]>()
  readonly #patterns: Attachment[] = []
  /** How often a node's link was made anew. */
  readonly #links = new Map<Machine, number>()
  readonly #late: boolean
  /** Nodes that will be told of a dropped notice. */
  readonly #breaking = new Set<Machine>()

  /**
   * @param world whose time passes while notices travel
   * @param late may notices of before an interruption come behind it? Where epochs do not tell them, they must not
   */
  constructor(chance: Chance, world: Machine, late: boolean, told: (node: string) => void) {
    this.#late = late
    this.#chance = chance
    this.#world = world
    this.#told = told
  }

  attach(node: Machine, name: string, pattern: boolean, sink: Sink): Detach {
    const attachment: Attachment = { node, name, pattern, sink, on: true }
    const list = pattern ? this.#patterns : (this.#channels.get(name) ?? [])
    if (!pattern) this.#channels.set(name, list)
    list.push(attachment)
    return () => {
      attachment.on = false
      const at = list.indexOf(attachment)
      if (at !== -1) list.splice(at, 1)
    }
  }

  entry(entry: StoredEntry): void {
    this.#tell(entry.channel, this.conditions.twice, (sink) => sink.entry(entry.channel, entry))
  }

  cast(channel: string, cast: Cast): void {
    // At most once: that is what a cast is.
    this.#tell(channel, 0, (sink) => sink.cast(channel, cast))
  }

  /** The link of a node, or of all nodes, breaks and is there again after `ms`: what was under way may be lost. */
  interrupt(node: string | null, ms: number): void {
    const nodes = new Set([...this.#all()].map((one) => one.node).filter((one) => node === null || one.name === node))
    for (const one of nodes) this.#breakLink(one, ms)
  }

  forget(node: Machine): void {
    for (const list of [...this.#channels.values(), this.#patterns]) {
      for (const one of [...list]) if (one.node === node) list.splice(list.indexOf(one), 1)
    }
  }

  *#all(): Generator<Attachment> {
    for (const list of this.#channels.values()) yield* list
    yield* this.#patterns
  }

  #tell(channel: string, twice: number, tell: (sink: Sink) => void): void {
    for (const one of this.#channels.get(channel) ?? []) this.#send(one, twice, tell)
    for (const one of this.#patterns) if (matchesPattern(one.name, channel)) this.#send(one, twice, tell)
  }

  #send(one: Attachment, twice: number, tell: (sink: Sink) => void): void {
    // Where epochs do not tell one branch of a log from another (L7), nobody could tell what is new from a hole: who may
    // have missed something is told so before it hears anything that came after.
    if (!this.#late && this.#breaking.has(one.node)) return
    const { latency, jitter, dropped } = this.conditions
    if (this.#chance.happens(dropped)) return this.#breakLink(one.node, this.#chance.within(5, 3_000))
    const link = this.#links.get(one.node)
    const copies = this.#chance.happens(twice) ? 2 : 1
    for (let i = 0; i < copies; i++) {
      one.node.post(() => {
        if (one.on && (this.#late || link === this.#links.get(one.node))) tell(one.sink)
      }, latency + this.#chance.within(0, jitter))
    }
  }

  #breakLink(node: Machine, ms: number): void {
    if (this.#breaking.has(node)) return
    this.#breaking.add(node)
    this.#world.outside(() => {
      this.#breaking.delete(node)
      node.post(() => {
        this.#links.set(node, (this.#links.get(node) ?? 0) + 1)
        this.#told(node.name)
        this.onTold?.(node.name)
        for (const one of [...this.#all()]) if (one.node === node && one.on) one.sink.interrupted()
      }, 1)
    }, ms)
  }
}
