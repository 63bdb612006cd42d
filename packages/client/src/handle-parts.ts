// What a subscription of the application sees of the attachment it shares, and what it keeps in its queue.

import { type Clock, isPattern, type Lost, type Position, type Random } from '@tautline/wire'
import type { Report } from './events.ts'
import type { Roster } from './roster.ts'
import type { Gap, Message } from './subscription.ts'

/** What a subscription is run with. */
export interface HandleSettings {
  readonly clock: Clock
  readonly random: Random
  readonly maxQueue: number
  readonly report: Report
}

/** What a subscription sees of its attachment. */
export interface Owner {
  readonly channel: string
  /** Of the attachment itself, whoever shares it. */
  readonly state: 'waiting' | 'joining' | 'catching-up' | 'live' | 'stopped'
  readonly roster: Roster
  /** `want` was set: ask the server for it when nothing else is asked. */
  pull(): void
  leave(handle: object): Promise<void>
}

/** What stands in the queue, with the position behind it: a message, or what is told when its turn has come. */
export interface Item<T> {
  readonly position: Position | null
  readonly message?: Message<T>
  readonly gap?: Gap
  readonly lost?: Lost
}

/** A loss that the client itself knows of, where there are no positions. */
export function interrupted(channel: string): Lost {
  return { why: isPattern(channel) ? 'pattern' : 'ephemeral', to: null, spread: 0 }
}
