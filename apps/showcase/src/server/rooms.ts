// Which rooms there are: what the log of rooms says, kept in memory to answer at once who may enter what. It never
// forgets a room, and never lets two rooms have one name.
import { createHash } from 'node:crypto'
import type { Realtime } from '@tautline/server'
import { RealtimeError } from '@tautline/wire'
import { checkRoomEntry, LIMITS, ROOMS, type RoomEntry } from '../shared/messages.ts'

/** There from the beginning. */
const FIRST_ROOMS = ['General', 'Ideas', 'Random']

/** Where the log of rooms is read and written. */
export type RoomLog = Pick<Realtime, 'history' | 'publish'>

export class Rooms {
  readonly #log: RoomLog
  readonly #byRoom: Map<string, RoomEntry>
  /** Rooms are made one after another: two that are asked for at once see each other. */
  #last: Promise<unknown>

  constructor(log: RoomLog) {
    this.#log = log
    this.#byRoom = new Map()
    this.#last = Promise.resolve()
  }

  /** Reads the log, and writes the first rooms where there are none. Rejects when the store is out of reach. */
  async load(): Promise<void> {
    const { items } = await this.#log.history(ROOMS, { limit: LIMITS.rooms })
    for (const item of items) {
      const entry = checkRoomEntry('data' in item ? item.data : null)
      if (typeof entry !== 'string') this.#byRoom.set(entry.room, entry)
    }
    if (this.#byRoom.size === 0) for (const title of FIRST_ROOMS) await this.create(title)
  }

  has(room: string): boolean {
    return this.#byRoom.has(room)
  }

  /**
   * The room of this title, made if there is none yet.
   *
   * @throws RealtimeError `limit` when there are {@link LIMITS}.rooms of them
   */
  create(title: string): Promise<RoomEntry> {
    const made = this.#last.then(() => this.#findOrMake(title))
    this.#last = made.catch(() => {})
    return made
  }

  async #findOrMake(title: string): Promise<RoomEntry> {
    const folded = title.toLowerCase()
    for (const entry of this.#byRoom.values()) if (entry.title.toLowerCase() === folded) return entry
    if (this.#byRoom.size >= LIMITS.rooms) throw new RealtimeError('limit', `There are ${LIMITS.rooms} rooms already.`)
    let room = slugOf(title)
    // Another title gave the same name ("C" and "C++"): the hash tells them apart.
    if (this.#byRoom.has(room)) room = `${room}-${hashOf(folded)}`
    const entry = { room, title }
    await this.#log.publish(ROOMS, entry, { key: room })
    this.#byRoom.set(room, entry)
    return entry
  }
}

/** A title as channels and addresses write it: `Über uns!` → `uber-uns`. */
export function slugOf(title: string): string {
  const letters = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = letters.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  // A title that these letters cannot say at all.
  return slug === '' ? `r-${hashOf(title.toLowerCase())}` : slug.slice(0, 32)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
