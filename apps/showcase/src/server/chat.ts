// The chat room: who is there, what was said, and who is to be told. Pure: connections are opaque values, and what goes
// out is handed to an outlet. It never touches a socket, a clock or a log, so that every rule can be tested at once.
import { type ChatMessage, LIMITS, type Person, type Position, type ServerMessage } from '../shared/messages.ts'

/** Where the room's words go. `everyone` are the joined connections at the time of the call. */
export interface Outlet<C> {
  toOne(connection: C, message: ServerMessage): void
  toMany(connections: Iterable<C>, message: ServerMessage): void
}

/** How many tabs one person may have open. */
export const MAX_TABS = 16
/** How many messages are remembered for recognising one that is sent again; the last {@link LIMITS}.history are shown. */
export const MAX_REMEMBERED = 500

interface Member<C> {
  readonly id: string
  name: string
  readonly connections: Set<C>
}

/** One room in memory. Everything it holds is bounded by the number of connections and by {@link MAX_REMEMBERED}. */
export class Room<C> {
  readonly epoch: string
  readonly #outlet: Outlet<C>
  readonly #members: Map<string, Member<C>>
  readonly #memberOf: Map<C, Member<C>>
  /** In the order they were said, by sender and id: a Map keeps the order of insertion. */
  readonly #said: Map<string, ChatMessage>
  #seq: number

  constructor(epoch: string, outlet: Outlet<C>) {
    this.epoch = epoch
    this.#outlet = outlet
    this.#members = new Map()
    this.#memberOf = new Map()
    this.#said = new Map()
    this.#seq = 0
  }

  /** Joined connections. */
  get connections(): number {
    return this.#memberOf.size
  }

  get people(): Person[] {
    return Array.from(this.#members.values(), toPerson)
  }

  /** Lets a connection in and sends it the welcome. False: this person has {@link MAX_TABS} tabs already. */
  join(connection: C, user: string, name: string, known?: Position): boolean {
    if (this.#memberOf.has(connection)) return true
    let member = this.#members.get(user)
    if (member !== undefined && member.connections.size >= MAX_TABS) return false
    if (member === undefined) {
      member = { id: user, name, connections: new Set() }
      this.#members.set(user, member)
    }
    // The newest tab's word counts: it read the name that the browser keeps.
    member.name = name
    member.connections.add(connection)
    const person = toPerson(member)
    this.#outlet.toMany(this.#memberOf.keys(), { type: 'person', person })
    this.#memberOf.set(connection, member)
    const messages = this.#historyAfter(known)
    this.#outlet.toOne(connection, { type: 'welcome', epoch: this.epoch, you: user, people: this.people, messages })
    return true
  }

  /** Forgets a connection; the person leaves with the last one. */
  leave(connection: C): void {
    const member = this.#memberOf.get(connection)
    if (member === undefined) return
    this.#memberOf.delete(connection)
    member.connections.delete(connection)
    if (member.connections.size > 0) {
      this.#outlet.toMany(this.#memberOf.keys(), { type: 'person', person: toPerson(member) })
      return
    }
    this.#members.delete(member.id)
    this.#outlet.toMany(this.#memberOf.keys(), { type: 'left', id: member.id })
  }

  /** Says something to everybody, the sender included: for the sender it is the receipt. `now` is wall-clock time. */
  say(connection: C, id: string, text: string, now: number): void {
    const member = this.#memberOf.get(connection)
    if (member === undefined) return
    const key = `${member.id}:${id}`
    const before = this.#said.get(key)
    if (before !== undefined) {
      // The receipt was lost on the way, so it was sent again: only the sender hears it a second time.
      this.#outlet.toOne(connection, { type: 'message', message: before })
      return
    }
    this.#seq += 1
    const message: ChatMessage = { seq: this.#seq, id, user: member.id, name: member.name, text, at: now }
    this.#said.set(key, message)
    if (this.#said.size > MAX_REMEMBERED) {
      for (const oldest of this.#said.keys()) {
        this.#said.delete(oldest)
        break
      }
    }
    this.#outlet.toMany(this.#memberOf.keys(), { type: 'message', message })
  }

  rename(connection: C, name: string): void {
    const member = this.#memberOf.get(connection)
    if (member === undefined || member.name === name) return
    member.name = name
    this.#outlet.toMany(this.#memberOf.keys(), { type: 'person', person: toPerson(member) })
  }

  /** Tells the others, not the person's own tabs. */
  typing(connection: C): void {
    const member = this.#memberOf.get(connection)
    if (member === undefined) return
    const others: C[] = []
    for (const [other, its] of this.#memberOf) if (its !== member) others.push(other)
    this.#outlet.toMany(others, { type: 'typing', id: member.id })
  }

  #historyAfter(known: Position | undefined): ChatMessage[] {
    const after = known !== undefined && known.epoch === this.epoch ? known.seq : 0
    const recent = Array.from(this.#said.values()).slice(-LIMITS.history)
    return after === 0 ? recent : recent.filter((message) => message.seq > after)
  }
}

function toPerson(member: Member<unknown>): Person {
  return { id: member.id, name: member.name, tabs: member.connections.size }
}
