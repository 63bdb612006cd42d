// How a node compresses what goes to all subscribers of a channel: the option `compression`, as far as hubs need it. What
// a stream is on the wire is the transport's matter.

import type { CompressionOptions } from '@tautline/websocket'

/** permessage-deflate, as the engine takes it. */
export interface RealtimeCompression extends CompressionOptions {
  /**
   * true: what goes to all subscribers of a channel is compressed once, with what went before it as context; what goes to
   * one connection is not compressed. Default false.
   */
  readonly shared?: boolean
  /** With `shared`: a channel is compressed so from this many subscribers on. Default 50. */
  readonly sharedFrom?: number
}

/** What all streams of a node have in common. */
export interface Sharing {
  /** Subscribers from which on a channel has a stream. */
  readonly from: number
  readonly windowBits: number
  readonly level?: number
  readonly memLevel?: number
  /** What the streams did, added up by them. */
  readonly tally: {
    units: number
    resets: number
    members: number
    sentBytes: number
    plainBytes: number
  }
}

/**
 * A unit of a stream costs about 60 µs of CPU, however many get it, and to give it to one of them about 5: with so many
 * subscribers compressing adds a fifth, and takes three quarters of the bytes away (docs/decisions/0016).
 */
const FROM = 50

/** null: nothing is compressed with context. */
export function sharingOf(compression: boolean | RealtimeCompression | undefined): Sharing | null {
  if (typeof compression !== 'object' || compression.shared !== true) return null
  const { sharedFrom = FROM, serverMaxWindowBits = 15, level, memLevel } = compression
  return {
    from: sharedFrom,
    windowBits: serverMaxWindowBits,
    ...(level !== undefined && { level }),
    ...(memLevel !== undefined && { memLevel }),
    tally: { units: 0, resets: 0, members: 0, sentBytes: 0, plainBytes: 0 },
  }
}
