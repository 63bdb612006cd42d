// What the frames of a connection show of it as a whole: the policies that were asked for, its name, and which other
// connection it replaces.

import type { ConnectCommand, Connected, Policy } from '@tautline/wire'
import type { Connection } from './connection.ts'

/** One connection. */
export interface WireSession {
  readonly policies: Policy[]
  /** The connection that took its place: when it asked for that, and when it was told that it is connected. */
  replaced: { readonly asked: number; at: number | null } | null
}

/** All connections. */
export class WireSessions {
  readonly #sessions = new Map<Connection, WireSession>()
  readonly #names = new Map<string, Connection>()
  readonly #count: (name: string) => void

  constructor(count: (name: string) => void) {
    this.#count = count
  }

  of(connection: Connection): WireSession {
    let session = this.#sessions.get(connection)
    if (session === undefined) {
      session = { policies: [], replaced: null }
      this.#sessions.set(connection, session)
    }
    return session
  }

  asked(connection: Connection, policy: Policy): void {
    this.of(connection).policies.push(policy)
  }

  /** `connect` is sent. */
  asks(command: ConnectCommand, at: number): void {
    const replaced = command.replaces === undefined ? undefined : this.#names.get(command.replaces.conn)
    if (replaced !== undefined) this.of(replaced).replaced ??= { asked: at, at: null }
  }

  /** `connect` was answered. */
  connected(connection: Connection, command: ConnectCommand, at: number, { conn }: Connected): void {
    this.#names.set(conn, connection)
    const replaced = command.replaces === undefined ? undefined : this.#names.get(command.replaces.conn)
    if (replaced === undefined) return
    const known = this.of(replaced).replaced
    if (known !== null) known.at ??= at
    this.#count(replaced.node === connection.node ? 'replaces on a node' : 'replaces across nodes')
  }
}
