// What a connection is made with, what it tells, and why it ends. Types only.

import type { Clock, DisconnectAction, Push, Random } from '@tautline/wire'
import type { ClientCodec, Lifecycle, WebSocketClass } from './options.ts'
import type { Hello, Session } from './session.ts'
import type { ClientStateChange } from './state.ts'

export interface ConnectionSettings {
  readonly url: string
  readonly codec: ClientCodec
  readonly WebSocket: WebSocketClass
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly lifecycle: Lifecycle | null
  readonly backoff: { readonly min: number; readonly max: number }
  readonly connectTimeout: number
  readonly clock: Clock
  readonly random: Random
}

/** What a connection tells. Functions of the application may be called from within all but `prepare` and `hello`. */
export interface ConnectionEvents {
  /** Before the first attempt: whatever `hello` needs and may have to wait for. */
  prepare(): void | Promise<void>
  hello(): Hello
  up(session: Session): void
  down(): void
  push(push: Push): void
  state(change: ClientStateChange): void
  trouble(error: unknown): void
}

/** Why a connection ended. */
export interface End {
  readonly code: number
  readonly text: string
  readonly action?: DisconnectAction
  /** ms the server asked to stay away. */
  readonly after?: number | undefined
  /** The server may not know yet: the next connection replaces this one. */
  readonly undead?: boolean
}
