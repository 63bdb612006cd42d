// What a hot path is here, and what is counted of it.

import type { Coverage } from './steps.ts'

/** What each is, and how near its limit is, stands in limits.ts. */
export type Kind =
  | 'heap'
  | 'buffers'
  | 'reads'
  | 'writes'
  | 'runs'
  | 'sent'
  | 'steps'
  | 'encodings'
  | 'deflates'
  | 'timers'
  | 'listeners'

export type Figures = Partial<Record<Kind, number>>

export interface Path {
  readonly name: string
  /** What heap, buffers and steps are for; the other figures are for a turn, or a connection. */
  readonly unit: 'message' | 'delivery' | 'command' | 'handshake' | 'connection'
  /** Units that the figure of buffers is a mean of: a slab that comes once in many is spread over them. */
  readonly spread: number
  /** The part by which any figure may differ because the kernel cuts the bytes as it likes. 0: it has no choice. */
  readonly rough: number
  /**
   * Counts in this process, which has to be a fresh one.
   *
   * @param coverage was begun before the code under test was loaded
   */
  measure(coverage: Coverage): Promise<Figures>
  /** So many units' worth of the path, for whoever wants to look closer; null where it is no doing. */
  readonly doing: { readonly turns: number; readonly units: number; open(): Promise<Turns> } | null
}

/** Something that is done over and over, the same each time. */
export interface Turns {
  /** What the peers have read and written themselves, in system calls. */
  readonly peers: { reads: number; writes: number }
  run(count: number): Promise<void>
  /** The same bytes by node:net alone: what this costs before anything of ours has happened. Call it after some turns. */
  bare(): Promise<Turns>
  close(): Promise<void>
}
