// What a connection brings for the patterns it is subscribed to, as its frames show it: whatever comes for a channel
// that a pattern matches is the pattern's too, whichever subscription it came for.

import { matchesPattern, type Position, type Push } from '@tautline/wire'
import type { PatternStep } from '../checker/mod.ts'
import type { Connection } from './connection.ts'
import { payloadOf } from './payload.ts'

/** One pattern over one connection. */
export interface WirePattern {
  readonly connection: Connection
  readonly pattern: string
  readonly began: number
  readonly steps: PatternStep[]
  on: boolean
}

/** All patterns of one connection. */
export class WirePatterns {
  readonly #connection: Connection
  readonly #now: () => number
  readonly #patterns = new Map<string, WirePattern>()
  /** Everything that ever was one, for whoever judges. */
  readonly #all: WirePattern[]

  constructor(connection: Connection, now: () => number, all: WirePattern[]) {
    this.#connection = connection
    this.#now = now
    this.#all = all
  }

  /** @param began when it was asked for */
  begin(pattern: string, began: number): void {
    const known = this.#patterns.get(pattern)
    if (known?.on === true) {
      known.steps.push({ kind: 'lost', at: this.#now() })
      return
    }
    const made: WirePattern = { connection: this.#connection, pattern, began, steps: [], on: true }
    this.#patterns.set(pattern, made)
    this.#all.push(made)
  }

  /** Does one of them bring this channel? */
  brings(channel: string): boolean {
    return this.#of(channel).length > 0
  }

  has(pattern: string): boolean {
    return this.#patterns.has(pattern)
  }

  entry(push: Extract<Push, { ev: 'pub' | 'gap' }>): void {
    const at = this.#now()
    const channel = push.ch
    const step: PatternStep =
      push.ev === 'gap'
        ? { kind: 'gap', at, channel, to: push.to }
        : { kind: 'message', at, channel, stored: push.off !== undefined, id: push.id, payload: payloadOf(push) }
    for (const one of this.#of(channel)) one.steps.push(step)
  }

  /** A direct subscription to the channel goes its own way from here on. */
  jump(channel: string, to: Position | null): void {
    for (const one of this.#of(channel)) one.steps.push({ kind: 'jump', at: this.#now(), channel, to })
  }

  lost(pattern: string): void {
    this.#patterns.get(pattern)?.steps.push({ kind: 'lost', at: this.#now() })
  }

  stop(pattern: string): void {
    const known = this.#patterns.get(pattern)
    if (known?.on !== true) return
    known.on = false
    known.steps.push({ kind: 'stop', at: this.#now() })
  }

  end(): void {
    for (const pattern of this.#patterns.keys()) this.stop(pattern)
  }

  #of(channel: string): WirePattern[] {
    return [...this.#patterns.values()].filter((one) => one.on && matchesPattern(one.pattern, channel))
  }
}
