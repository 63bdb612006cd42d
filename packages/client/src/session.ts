// What everything that lives on a connection talks through while it is up: subscriptions, publications, calls. One
// object per connection; after `down` it is of no use any more.

import type { Connected, Request, Sub } from '@tautline/wire'
import type { Settle, Ticket } from './commands.ts'

export interface Session {
  readonly connected: Connected
  /** Bytes that the network has not taken yet. */
  buffered(): number
  /** The server's time, ms since 1970: that of its answer plus what the monotonic clock has counted since. */
  serverTime(): number
  send(request: Request, settle: Settle): Ticket
  /** Not held back by what waits for answers. */
  urgent(request: Request, settle: Settle): void
  withdraw(ticket: Ticket): boolean
  /** Something was refused with retry 'auth': a new token, on this connection. */
  renew(): void
}

/** What a new connection begins with. */
export interface Hello {
  readonly client: string
  readonly resume: readonly Sub[]
}
