// Shared takeover: a stream of messages that go to the same connections, compressed once with the ones before as context.
// The application makes it and prepares its messages with it; who may be sent one compressed is seen to by the connections.

import { type Platform, SharedBudget, SharedStream, type SharedTally, type SharedUnit } from '@tautline/protocol'
import { limit, within } from './checks.ts'
import { type DeflateEffort, NodePlatform, nodePlatform } from './platform.ts'
import { encoded, PreparedMessage } from './prepared.ts'
import type { Bytes } from './socket.ts'

export interface SharedDeflateOptions extends DeflateEffort {
  /**
   * The window, 8 to 15; default 15. Connections that agreed on a smaller one get messages as any other prepared ones. The
   * CPU time of a message grows with it: 12 costs a third, and compresses a tenth less.
   */
  readonly windowBits?: number
  /** Bytes of plain text after which the stream begins anew, so that others can join. Default 65,536. */
  readonly resetAfter?: number
  /** ms that a connection waits at most to join. Default 5,000. */
  readonly joinWait?: number
  /** Counts what happens; several streams may share one. Made by `sharedTally()`. */
  readonly tally?: SharedTally
}

/** What the windows of all streams of a process may hold. */
const budget = new SharedBudget(64 * 1024 * 1024)

/** A tally at 0. */
export function sharedTally(): SharedTally {
  return { units: 0, resets: 0, members: 0, sentBytes: 0, plainBytes: 0 }
}

/**
 * A stream of messages for many connections, of a server with the option `compression: { shared: true }`. Prepare each
 * message once, and send it to all that are to have it, in the order in which they were prepared:
 *
 * ```ts
 * const ticker = new SharedDeflate()
 * const message = ticker.prepare(JSON.stringify(quote))
 * for (const socket of subscribers) socket.send(message)
 * ```
 *
 * A connection joins when the stream begins anew, and takes each message until it misses one; it may leave out what it
 * wants. While it is in a stream, everything else it is sent goes uncompressed, whoever asks for it. A connection is in one
 * stream at a time, the one that has the most to say.
 *
 * Whoever can have text put into a stream learns something of its other texts from the length of the frames: put into one
 * stream only what all who write into it may read.
 */
export class SharedDeflate {
  private readonly stream: SharedStream

  /** @throws TypeError or RangeError that names the option */
  constructor(options: SharedDeflateOptions = {}) {
    const { level, memLevel, tally = sharedTally() } = options
    const windowBits = within('windowBits', options.windowBits, 8, 15, 15)
    const resetAfter = limit('resetAfter', options.resetAfter, 65_536)
    const joinWait = limit('joinWait', options.joinWait, 5_000)
    this.stream = new SharedStream({ windowBits, resetAfter, joinWait, tally, budget }, platformOf(level, memLevel))
  }

  /**
   * Makes the stream's next message. It is not compressed before a connection takes it.
   *
   * @param data text, or bytes, which are copied
   * @throws TypeError for anything else
   */
  prepare(data: string | Bytes, options: { readonly binary?: boolean } = {}): SharedMessage {
    const payload = encoded(data)
    return new SharedMessage(payload, options.binary ?? typeof data !== 'string', this.stream.begin(payload.length))
  }

  /** Ends it: nobody is in it any more, and it holds no memory. A message that is prepared later begins it anew. */
  close(): void {
    this.stream.end()
  }
}

/** A message of a stream. Made by `SharedDeflate.prepare`, sent by `Socket.send`; to a client's end it is a prepared one. */
export class SharedMessage extends PreparedMessage {
  /** @internal */
  readonly unit: SharedUnit
  private compressed: Uint8Array | null = null

  /** @internal Use `SharedDeflate.prepare`. */
  constructor(payload: Uint8Array, binary: boolean, unit: SharedUnit) {
    super(payload, binary, true)
    this.unit = unit
  }

  /** @internal The frame for a connection that may take the unit; compressed at the first call. */
  takenFrame(): Uint8Array {
    const { stream } = this.unit
    this.compressed ??= this.compressedFrame(stream.deflate(this.unit, this.payload))
    const { tally } = stream
    tally.sentBytes += this.compressed.length
    tally.plainBytes += this.frame.length
    return this.compressed
  }
}

/** One for each effort: streams are many. */
const platforms: Map<string, Platform> = new Map()

function platformOf(level: number | undefined, memLevel: number | undefined): Platform {
  if (level === undefined && memLevel === undefined) return nodePlatform
  const key = `${level} ${memLevel}`
  let platform = platforms.get(key)
  if (platform === undefined) {
    platform = new NodePlatform({ ...(level !== undefined && { level }), ...(memLevel !== undefined && { memLevel }) })
    platforms.set(key, platform)
  }
  return platform
}
