// A case of section J of the catalogue: what a peer says behind its handshake, and what must come of it. Data only.

import type { Codec, Failure, Push } from '@tautline/wire'
import type { World } from './world.ts'

/** One WebSocket message: text, bytes, or a text message whose bytes are these. */
export type Payload = string | Uint8Array | { readonly text: Uint8Array }

/** What a case is written with: the codec of this run, and names that no other run uses. */
export interface Wire {
  readonly codec: Codec
  /** Of this run alone: append it to channel names and keys. */
  readonly unique: string
  readonly world: World
  /** Commands as one frame. */
  say(...commands: readonly object[]): Payload
}

/** What came back. */
export interface Heard {
  readonly replies: ReadonlyMap<number, { readonly ok?: unknown; readonly error?: Failure }>
  readonly pushes: readonly Push[]
  readonly closeCode: number | null
}

/** Anything else that must hold; a complaint, or null. */
export type Demand = (heard: Heard, wire: Wire) => string | null | Promise<string | null>

export interface AppCase {
  /** Its row: J01 to J22. */
  readonly id: string
  readonly title: string
  /** Where the row speaks of what tautline.v1 does not have: what stands for it. */
  readonly mapped?: string
  /** Default: both. */
  readonly codecs?: readonly Codec['name'][]
  /** false: the input comes instead of `connect`. Default true. */
  readonly greets?: boolean
  /** Payloads of WebSocket messages, in order. The run's `connect` has the id 1. */
  input(wire: Wire): readonly Payload[] | Promise<readonly Payload[]>
  /**
   * What is heard, without pushes: `CLOSE:4300`, or a token per reply by id: `2:ok`, `2:bad-request(from.offset)`. A list
   * holds alternatives. Absent: `demand` alone judges.
   */
  readonly required?: string | readonly string[]
  /** Ids whose replies are waited for, where `required` does not name them. */
  readonly awaits?: readonly number[]
  readonly demand?: Demand
  /** ms of CPU for the whole exchange. Default 20. */
  readonly cpu?: number
  /** The server does otherwise, and is known to. */
  readonly todo?: string
  /** Its bytes are many: it runs whole and at one random split. */
  readonly large?: boolean
}

/** The name of a case's test. */
export function titleOf({ id, title, mapped }: AppCase): string {
  return mapped === undefined ? `${id} ${title}` : `${id} ${title} [${mapped}]`
}

/** The ids that `required` speaks of. */
export function idsOf({ required, awaits }: AppCase): readonly number[] {
  if (awaits !== undefined) return awaits
  const first = typeof required === 'string' ? required : required?.[0]
  return [...(first ?? '').matchAll(/(\d+):[a-z]/g)].map(([, id]) => Number(id))
}
