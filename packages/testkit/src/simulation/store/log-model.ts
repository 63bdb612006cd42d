// The logs of the simulated store: what is stored, what a failover loses, what a wipe leaves. Pure and without delay;
// written from the contract of broker.ts and from nothing else, so that a fault of a real broker is not repeated here.
// Beside what it serves it keeps a journal of all that was ever stored, for the checker alone.

import type { Absent, Append, Appended, Entry, LogRule, Matched, Page } from '@tautline/broker'
import type { Fence, Position } from '@tautline/wire'
import type { StoreBug } from '../bugs.ts'
import type { Chance } from '../chance.ts'
import { Beginnings } from './beginnings.ts'

/** An entry with what only the simulation knows of it. */
export interface StoredEntry extends Entry {
  readonly channel: string
  /** The cut before it, as its predecessor's readers hold it. */
  readonly predecessor: Position
  /** Scheduler time at which it was stored. */
  readonly stored: number
  readonly scope: string
  readonly hash: string
  /** How often the store had lost all its memory before. */
  readonly generation: number
  /** Entries may have been lost before it. */
  readonly possibleLoss: boolean
  /** Scheduler time at which a failover lost it. */
  vanished: number | null
}

export interface ModelOptions {
  readonly offsets: 'dense' | 'sparse'
  /** false: a failover leaves no trace in epochs, and offsets are issued again in the same one (L7). */
  readonly lineage: boolean
  /** How channels begin: see beginnings.ts. Dense logs are named. */
  readonly beginnings: 'named' | 'counted'
  /** ms. */
  readonly anchor: number
}

interface KeyRecord {
  readonly entry: StoredEntry
  readonly until: number
}

interface Log {
  /** All entries in order, also those that are trimmed: a replica that lagged still has them. */
  entries: StoredEntry[]
  /** Index of the oldest retained entry. */
  first: number
  head: Position
  /** The position before the oldest retained entry. */
  floor: Position
  rule: LogRule
  lineage: number
  readonly epochs: Set<string>
  readonly keys: Map<string, KeyRecord>
}

/** All channels of the store. Times: `now` is the scheduler's, `wall` the store's, both ms. */
export class LogModel {
  readonly options: ModelOptions
  readonly bug: StoreBug | null
  readonly journal: Map<string, StoredEntry[]> = new Map()
  readonly beginnings: Beginnings
  readonly #chance: Chance
  readonly #logs = new Map<string, Log>()
  #sequence = 0

  constructor(chance: Chance, options: ModelOptions, bug: StoreBug | null) {
    this.options = options
    this.bug = bug
    this.#chance = chance
    this.beginnings = new Beginnings(chance, options)
  }

  /** One entry; `null` only with a bug that acknowledges what was not stored. */
  append(
    channel: string,
    append: Append,
    rule: LogRule,
    now: number,
    wall: number,
  ): { readonly outcome: Appended; readonly entry: StoredEntry | null } {
    const name = append.key === undefined ? null : `${append.scope.length}:${append.scope}${append.key}`
    const known = name === null || this.bug === 'forgets-keys' ? undefined : this.#logs.get(channel)?.keys.get(name)
    if (known !== undefined && known.until >= wall) {
      const { entry } = known
      if (entry.hash !== append.hash) return { outcome: { fail: 'key-conflict', applied: 'no' }, entry: null }
      return { outcome: { position: positionOf(entry), duplicate: true }, entry: null }
    }
    if (wall > append.expires) return { outcome: { fail: 'key-expired', applied: 'no' }, entry: null }
    const entry = this.#entry(channel, append, now, wall)
    if (this.bug === 'acknowledges-unstored' && this.#chance.happens(0.05)) {
      return { outcome: { position: positionOf(entry) }, entry: null }
    }
    const log = this.#store(channel, entry, rule)
    if (name !== null) log.keys.set(name, { entry, until: wall + rule.window })
    this.#trim(log, rule, wall)
    return { outcome: { position: positionOf(entry) }, entry }
  }

  head(channel: string, wall: number): Position {
    return this.#logs.get(channel)?.head ?? this.beginnings.position(wall, this.#sequence)
  }

  read(channel: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule, wall: number): Page {
    const log = this.#logs.get(channel)
    const head = this.head(channel, wall)
    const served = log === undefined ? [] : this.#served(log, rule, wall)
    let from = 0
    if (after !== 'start') {
      const absent = this.#prove(log, after, served, wall)
      if (this.bug === 'absent-by-default' && this.#chance.happens(0.2))
        return { proof: 'absent', why: 'trimmed', head }
      if (absent !== null && this.bug !== 'match-by-default') return { proof: 'absent', why: absent, head }
      from = served.findIndex((entry) => entry.off > after.offset)
      if (from === -1) from = served.length
    }
    if (this.bug === 'skips-one' && served.length - from > 2 && this.#chance.happens(0.3)) from++
    return page(served.slice(from), limit, bytes, head)
  }

  back(channel: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule, wall: number): Page {
    const log = this.#logs.get(channel)
    const head = this.head(channel, wall)
    if (log === undefined) {
      return before === 'head' || this.#prove(log, before, [], wall) === null
        ? { proof: 'match', entries: [], head, more: false, start: head }
        : { proof: 'absent', why: 'epoch', head }
    }
    const served = this.#served(log, rule, wall)
    let end = served.length
    if (before !== 'head') {
      // A cut: the entry that it names lies before it, and has to be served.
      const at = served.findIndex((entry) => entry.off === before.offset && entry.id === before.id)
      const absent = at === -1 ? this.#prove(log, before, served, wall) : null
      if (absent !== null) return { proof: 'absent', why: absent, head }
      end = at + 1
    }
    const { entries, more } = page(served.slice(0, end).reverse(), limit, bytes, head)
    const oldest = served[end - entries.length]
    const start = (entries.length > 0 ? oldest?.predecessor : null) ?? (before === 'head' ? head : before)
    return { proof: 'match', entries: [...entries].reverse(), head, more: entries.length > 0 && more, start }
  }

  /** The memory is gone: a restart of a store that keeps nothing. */
  wipe(): void {
    this.#logs.clear()
    this.beginnings.wipe()
    this.#sequence = 0
  }

  /** A replica takes over that had not heard of anything stored after `since`. Returns how many entries it loses. */
  failover(since: number, now: number): number {
    let lost = 0
    this.beginnings.failover()
    for (const [channel, log] of this.#logs) {
      const gone = log.entries.filter((entry) => entry.stored > since)
      if (gone.length === 0) continue
      lost += gone.length
      for (const entry of gone) entry.vanished = now
      log.entries = log.entries.filter((entry) => entry.stored <= since)
      for (const [name, record] of log.keys) if (record.entry.vanished !== null) log.keys.delete(name)
      const last = log.entries.at(-1)
      if (last === undefined) this.#logs.delete(channel)
      else {
        log.head = positionOf(last)
        log.first = Math.min(log.first, Math.max(0, log.entries.length - log.rule.size - 1))
        log.floor = (log.entries[log.first] as StoredEntry).predecessor
      }
    }
    if (this.options.offsets === 'sparse') this.#sequence = this.#highest()
    return lost
  }

  #highest(): number {
    let highest = 0
    for (const log of this.#logs.values()) highest = Math.max(highest, log.head.offset)
    return highest
  }

  #entry(channel: string, append: Append, now: number, wall: number): StoredEntry {
    const log = this.#logs.get(channel)
    const { lineage, generation, areCounted, epoch: common } = this.beginnings
    const head = log?.head ?? this.beginnings.position(wall, 0)
    const fenced = log === undefined ? !areCounted : this.options.lineage && log.lineage !== lineage
    const epoch = areCounted && (fenced || log === undefined) ? common : fenced ? this.#chance.text(11) : head.epoch
    const loss = lineage > 0 && (log === undefined || fenced) ? 'possible' : 'none'
    const fence: Fence | undefined = fenced ? { ev: 'fence', ch: channel, from: head, epoch, loss } : undefined
    const { id, key, state, from, body } = append
    return {
      off: this.options.offsets === 'dense' ? head.offset + 1 : this.#sequence + 1 + this.#chance.between(0, 2),
      prev: log === undefined && areCounted ? -1 : head.offset,
      id,
      epoch,
      ...(fence === undefined ? {} : { fence }),
      at: wall,
      ...(key === undefined ? {} : { key }),
      ...(state === undefined ? {} : { state }),
      ...(from === undefined ? {} : { from }),
      body,
      channel,
      predecessor: head,
      stored: now,
      scope: append.scope,
      hash: append.hash,
      generation,
      possibleLoss: loss === 'possible',
      vanished: null,
    }
  }

  #store(channel: string, entry: StoredEntry, rule: LogRule): Log {
    let log = this.#logs.get(channel)
    if (log === undefined) {
      log = {
        entries: [],
        first: 0,
        head: entry.predecessor,
        floor: entry.predecessor,
        rule,
        lineage: 0,
        epochs: new Set([entry.predecessor.epoch]),
        keys: new Map(),
      }
      this.#logs.set(channel, log)
    }
    log.entries.push(entry)
    log.rule = rule
    log.head = positionOf(entry)
    log.lineage = this.beginnings.lineage
    log.epochs.add(entry.epoch)
    if (this.options.offsets === 'sparse') this.#sequence = entry.off
    const journal = this.journal.get(entry.channel)
    if (journal === undefined) this.journal.set(entry.channel, [entry])
    else journal.push(entry)
    return log
  }

  /** At least size + 1 are retained, and a few more as a store that trims lazily keeps them. */
  #trim(log: Log, rule: LogRule, wall: number): void {
    const slack = this.#chance.between(0, 4)
    // One stream of all channels loses its oldest, whosesoever they are, and long after its rules.
    if (this.beginnings.areCounted) return
    const { entries } = log
    let first = Math.max(log.first, entries.length - rule.size - 1 - slack)
    while (first < entries.length - 1 && (entries[first] as StoredEntry).at + 2 * rule.ttl < wall) first++
    log.first = first
    log.floor = (entries[first] as StoredEntry).predecessor
  }

  #served(log: Log, rule: LogRule, wall: number): StoredEntry[] {
    if (this.bug === 'serves-the-past') return log.entries
    const bySize = log.entries.slice(Math.max(log.first, log.entries.length - rule.size))
    const first = bySize.findIndex((entry) => entry.at + rule.ttl >= wall)
    return first === -1 ? [] : bySize.slice(first)
  }

  /** null: it agrees with the log and all after it is served. */
  #prove(log: Log | undefined, at: Position, served: readonly StoredEntry[], wall: number): Absent['why'] | null {
    const isBeginning = this.beginnings.areCounted ? at.id === '' : at.offset === 0
    if (isBeginning) return this.beginnings.prove(log, at, served, wall)
    if (log === undefined) return 'epoch'
    const known = log.epochs.has(at.epoch)
    const ahead = served[0]?.predecessor.offset ?? log.head.offset
    if (this.bug === 'proof-by-offset')
      return at.offset > log.head.offset ? 'diverged' : at.offset < ahead ? 'trimmed' : null
    let id: string | undefined
    if (at.offset === log.head.offset) id = log.head.id
    else if (at.offset === log.floor.offset) id = log.floor.id
    else if (at.offset > log.floor.offset) id = log.entries.findLast((entry) => entry.off === at.offset)?.id
    else return known ? 'trimmed' : 'epoch'
    if (id !== at.id) return known ? 'diverged' : 'epoch'
    return at.offset < ahead ? 'trimmed' : null
  }
}

/** The cut behind an entry. */
export function positionOf(entry: Entry): Position {
  return { epoch: entry.epoch, offset: entry.off, id: entry.id }
}

function page(entries: readonly StoredEntry[], limit: number, bytes: number, head: Position): Matched {
  const taken: StoredEntry[] = []
  let size = 0
  for (const entry of entries) {
    if (taken.length >= limit || (taken.length > 0 && size >= bytes)) break
    taken.push(entry)
    size += 100 + (entry.body.json?.length ?? entry.body.bytes?.byteLength ?? 0)
  }
  return { proof: 'match', entries: taken, head, more: taken.length < entries.length }
}
