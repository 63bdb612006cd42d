// The page's model: the connection, the rooms, who is here. It hears what happens and says what is to be drawn; it never
// touches the page, so that it runs against a real server in a test.
import type { Client, ClientStateChange, Subscription } from '@tautline/client'
import type { Lost, Position } from '@tautline/wire'
import {
  CREATE_ROOM,
  checkRoomEntry,
  checkSaid,
  LIMITS,
  type Named,
  PEOPLE,
  ROOMS,
  type RoomEntry,
  roomChannel,
  type Said,
} from '../shared/messages.ts'
import type { Bookmarks } from './bookmarks.ts'
import { Here } from './here.ts'
import { Names } from './names.ts'
import { Room } from './room.ts'
import { type Words, wordsFor } from './standing.ts'
import type { TabOutbox } from './tab-outbox.ts'

/** Milliseconds that somebody waits for a new room. */
const PATIENCE = 8_000

export interface ChatOptions {
  readonly client: Client
  readonly outbox: TabOutbox
  readonly bookmarks: Bookmarks
  /** Our name as it is now. */
  readonly name: () => string
  readonly newKey: () => string
  /** Monotonic milliseconds, and milliseconds since 1970. */
  readonly now: () => number
  readonly wallClock: () => number
  readonly online: () => boolean
  /** Something is to be drawn anew. */
  readonly onchange: () => void
}

export class Chat {
  readonly client: Client
  readonly rooms: Map<string, Room>
  readonly names: Names
  readonly here: Here
  /** Connections made so far. */
  connections: number
  readonly #options: ChatOptions
  /** null before {@link Chat.start}. */
  #list: Subscription<RoomEntry> | null
  #you: string
  #open: string
  #retryAt: number
  #reason: string

  constructor(options: ChatOptions) {
    const { client, now, onchange } = options
    this.#options = options
    this.client = client
    this.rooms = new Map()
    this.connections = 0
    this.#list = null
    this.#you = ''
    this.#open = ''
    this.#retryAt = 0
    this.#reason = ''
    const you = (): string => this.you
    this.names = new Names(client.channel<Named>(PEOPLE), () => ({ user: this.you, name: options.name() }), onchange)
    this.here = new Here({ client, names: this.names, you, now, onchange })
    client.on('state', (change) => this.#changed(change))
    client.on('health', onchange)
    options.outbox.onsettled = ({ channel, key }) => {
      for (const room of this.rooms.values()) if (roomChannel(room.name) === channel) room.settled(key)
    }
  }

  /** Connects, and follows everything: from now on our name is known. */
  start(): void {
    const { onchange } = this.#options
    this.names.start()
    this.#list = this.client.channel<RoomEntry>(ROOMS).subscribe({
      last: LIMITS.rooms,
      onMessage: ({ data }) => this.#found(data),
      snapshot: (lost) => this.#listAgain(lost),
    })
    this.#list.on('state', onchange)
  }

  /** Our own public id, kept while there is no connection; '' before the server told us. */
  get you(): string {
    this.#you = this.client.user ?? this.#you
    return this.#you
  }

  /** The open room; undefined while it is not known. */
  get room(): Room | undefined {
    return this.rooms.get(this.#open)
  }

  /** The open room is none that the server knows. */
  get isUnknown(): boolean {
    return this.#list?.state === 'live' && !this.rooms.has(this.#open)
  }

  /** Unread messages of all rooms but the open one. */
  get unreadElsewhere(): number {
    let unread = 0
    for (const room of this.rooms.values()) if (room.name !== this.#open) unread += room.mark.unread
    return unread
  }

  get words(): Words {
    const { client, room } = this
    let unsent = 0
    for (const { outgoing } of this.rooms.values()) {
      unsent += outgoing.messages.filter(({ fate }) => fate === 'sending').length
    }
    return wordsFor({
      client: client.state,
      room: room?.subscription.state ?? null,
      healthy: client.healthy,
      retryIn: this.#retryAt - this.#options.now(),
      online: this.#options.online(),
      reason: this.#reason,
      unsent,
    })
  }

  /** Opens a room by its name, whether it is known already or not. */
  open(name: string): void {
    if (this.#open === name) return
    this.room?.leave()
    this.#open = name
    this.here.leave()
    if (this.room !== undefined) this.#entered(this.room)
    this.#options.onchange()
  }

  /** Makes a room, or finds the one of this title; resolves with its name. */
  async create(title: string): Promise<string> {
    const { room } = await this.client.call<RoomEntry>(CREATE_ROOM, { title }, { timeout: PATIENCE })
    return room
  }

  /** Our name is another one now. */
  renamed(): void {
    this.names.tell()
    this.#options.onchange()
  }

  #changed({ state, retryIn, reason }: ClientStateChange): void {
    this.#retryAt = this.#options.now() + (retryIn ?? 0)
    if (reason !== undefined) this.#reason = reason.text
    if (state === 'connected') {
      this.connections += 1
      this.#reason = ''
    } else {
      this.here.typing.clear()
    }
    this.#options.onchange()
  }

  #found(data: unknown): void {
    const entry = checkRoomEntry(data)
    if (typeof entry === 'string' || this.rooms.has(entry.room) || this.rooms.size >= LIMITS.rooms) return
    const { client } = this
    const { bookmarks, newKey, wallClock, onchange } = this.#options
    const room = new Room({
      name: entry.room,
      title: entry.title,
      channel: client.channel<Said>(roomChannel(entry.room)),
      you: () => this.you,
      onsaid: (user) => this.#open === entry.room && this.here.typing.stopped(user),
      fresh: this.#list?.state === 'live',
      ...{ bookmarks, newKey, wallClock, onchange },
    })
    this.rooms.set(entry.room, room)
    // What this tab said before it was loaded again, and the server has not answered yet.
    for (const { key, channel, body } of this.#options.outbox.entries) {
      const said = channel === roomChannel(entry.room) ? checkSaid(JSON.parse(body.json ?? 'null')) : ''
      if (typeof said !== 'string') room.restore(key, said.text)
    }
    if (entry.room === this.#open) this.#entered(room)
    onchange()
  }

  #entered(room: Room): void {
    this.here.enter(room.name)
    room.open()
  }

  /** The log of rooms is another one: only those that are in it are left. */
  async #listAgain(_lost: Lost): Promise<Position> {
    const page = await this.client.channel<RoomEntry>(ROOMS).history({ limit: LIMITS.rooms })
    const there = new Set(page.messages.map(({ data }) => data.room))
    for (const [name, room] of this.rooms) {
      if (there.has(name)) continue
      room.close()
      this.rooms.delete(name)
    }
    for (const { data } of page.messages) this.#found(data)
    return page.end
  }
}
