// What the parts of a simulated application share: the machine and the Client that run now. A reload gives it others.

import type { Client } from '@tautline/client'
import type { Chance } from './chance.ts'
import type { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Plan } from './plan.ts'
import type { Scheduler } from './scheduler.ts'

export type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** What all applications of a world share. */
export interface ApplicationParts {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly network: Network
  readonly note: (who: string, channel: string | null, text: string) => void
  readonly failed: (error: unknown) => void
}

/** A page in a browser. */
export interface Page {
  readonly name: string
  readonly parts: ApplicationParts
  readonly chance: Chance
  readonly machine: Machine
  readonly client: Client
  note(channel: string | null, text: string): void
}
