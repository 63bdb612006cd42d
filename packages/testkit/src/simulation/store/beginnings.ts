// Where channels begin that nobody has written to, by two kinds of stores (L5). Named: {B.k, 0, ''}, and the first entry
// carries a fence from there. Counted, as a store with one sequence for all channels has it: {epoch, S, ''} with S = the
// sequence as it was when looked at; the first entry does not know what was before it.

import type { Absent } from '@tautline/broker'
import type { Position } from '@tautline/wire'
import type { Chance } from '../chance.ts'
import type { ModelOptions, StoredEntry } from './log-model.ts'

/** What proofs need of a channel's log. */
interface Begun {
  readonly entries: readonly StoredEntry[]
  readonly first: number
  readonly epochs: ReadonlySet<string>
}

/** The beginnings of one store. */
export class Beginnings {
  /** Every name that unwritten positions had → how often memory had been lost before. */
  readonly bases: Map<string, number> = new Map()
  generation = 0
  lineage = 0
  readonly #chance: Chance
  readonly #options: ModelOptions
  #base: string

  constructor(chance: Chance, options: ModelOptions) {
    this.#chance = chance
    this.#options = options
    this.#base = chance.text(11)
    this.bases.set(this.#base, 0)
  }

  /** Does the first entry of a channel know nothing of what was before? */
  get areCounted(): boolean {
    return this.#options.beginnings === 'counted'
  }

  /** The epoch of what is stored first in a channel, where the store has one for all. */
  get epoch(): string {
    return this.#base
  }

  /** The position of a channel without entries. */
  position(wall: number, sequence: number): Position {
    if (this.areCounted) return { epoch: this.#base, offset: sequence, id: '' }
    const slot = Math.floor(wall / this.#options.anchor).toString(36)
    const lineage = this.#options.lineage ? `~${this.lineage}` : ''
    return { epoch: `${this.#base}${lineage}.${slot}`, offset: 0, id: '' }
  }

  /** All memory is gone. */
  wipe(): void {
    this.#base = this.#chance.text(11)
    this.bases.set(this.#base, ++this.generation)
  }

  /** Another one goes on, and shows it or not. */
  failover(): void {
    this.lineage++
    if (!this.areCounted || !this.#options.lineage) return
    this.#base = this.#chance.text(11)
    this.bases.set(this.#base, this.generation)
  }

  /** null: nothing was there at this position, and all that came since is served. */
  prove(log: Begun | undefined, at: Position, served: readonly StoredEntry[], wall: number): Absent['why'] | null {
    return this.areCounted ? this.#proveCounted(log, at, served) : this.#proveNamed(log, at, served, wall)
  }

  #proveNamed(
    log: Begun | undefined,
    at: Position,
    served: readonly StoredEntry[],
    wall: number,
  ): Absent['why'] | null {
    const slot = Number.parseInt(at.epoch.slice(at.epoch.lastIndexOf('.') + 1), 36)
    const current = Math.floor(wall / this.#options.anchor)
    const ours = at.epoch.startsWith(this.#base) && at.epoch.includes('.') && (slot === current || slot === current - 1)
    if (log === undefined) return ours ? null : 'epoch'
    if (!ours && !log.epochs.has(at.epoch)) return 'epoch'
    return isWhole(log, served) ? null : 'trimmed'
  }

  #proveCounted(log: Begun | undefined, at: Position, served: readonly StoredEntry[]): Absent['why'] | null {
    const [first] = log?.entries ?? []
    // Nothing was stored, nothing can be missing: an older name of the same store is as good.
    if (log === undefined || first === undefined) return this.bases.get(at.epoch) === this.generation ? null : 'epoch'
    if (at.epoch !== first.epoch) return 'epoch'
    if (first.off <= at.offset) return 'diverged'
    return isWhole(log, served) ? null : 'trimmed'
  }
}

function isWhole(log: Begun, served: readonly StoredEntry[]): boolean {
  return log.first === 0 && served.length === log.entries.length
}
