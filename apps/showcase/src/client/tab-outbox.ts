// Where this tab's publications wait until the server has them: in sessionStorage, so that a reload loses nothing and
// repeats nothing. The client decides what is sent when; this only remembers.
import type { Outbox, OutboxContent, OutboxEntry } from '@tautline/client'
import { RealtimeError } from '@tautline/wire'
import type { Remembered } from './storage.ts'

/** Publications that may wait. */
const MAX_ENTRIES = 500

export class TabOutbox implements Outbox {
  readonly #remembered: Remembered
  /** In the order they were made; by channel and key. */
  readonly #entries: Map<string, OutboxEntry>
  /** The server has answered for an entry, and it is forgotten here. */
  onsettled: (entry: OutboxEntry) => void

  constructor(remembered: Remembered) {
    this.#remembered = remembered
    this.onsettled = () => {}
    this.#entries = new Map(read(remembered).map((entry) => [nameOf(entry), entry]))
  }

  /** What is not settled: what waited when the tab was loaded, and what came since. */
  get entries(): readonly OutboxEntry[] {
    return [...this.#entries.values()]
  }

  open(fresh: () => string): OutboxContent {
    const client = this.#remembered.get('client') ?? fresh()
    this.#remembered.set('client', client)
    return { client, entries: this.entries }
  }

  put(entry: OutboxEntry): void {
    if (this.#entries.size >= MAX_ENTRIES)
      throw new RealtimeError('limit', 'Too much waits for the connection already.')
    this.#entries.set(nameOf(entry), entry)
    this.#save()
  }

  stamp(entries: readonly OutboxEntry[], since: number): void {
    for (const entry of entries) this.#entries.set(nameOf(entry), { ...entry, since })
    this.#save()
  }

  remove(entry: OutboxEntry): void {
    if (!this.#entries.delete(nameOf(entry))) return
    this.#save()
    this.onsettled(entry)
  }

  #save(): void {
    this.#remembered.set('entries', JSON.stringify(this.entries))
  }
}

function nameOf({ channel, key }: OutboxEntry): string {
  return `${channel} ${key}`
}

function read(remembered: Remembered): OutboxEntry[] {
  try {
    const value: unknown = JSON.parse(remembered.get('entries') ?? '[]')
    return Array.isArray(value) ? value.filter(isEntry).slice(0, MAX_ENTRIES) : []
  } catch {
    return []
  }
}

/** Bodies are JSON here: this page never publishes bytes. Throws where they are not. */
function isEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== 'object' || value === null) return false
  const { key, channel, body, since } = value as Record<string, unknown>
  if (typeof key !== 'string' || typeof channel !== 'string') return false
  if (since !== null && typeof since !== 'number') return false
  if (typeof body !== 'object' || body === null || !('json' in body) || typeof body.json !== 'string') return false
  JSON.parse(body.json)
  return true
}
