// The options of a server or a client, checked and completed once, and what its connections share: limits, wheel, flush
// queue, readers and writers. A connection holds one reference to it.

import { ByteBudget, Endpoint, type MessageLimits, type Platform, Slab } from '@tautline/protocol'
import { flag, limit, oneOf } from './checks.ts'
import { FlushQueue } from './flush-queue.ts'
import { nodePlatform } from './platform.ts'
import type { Heartbeat, SocketOptions } from './socket.ts'
import { TimerWheel } from './timer-wheel.ts'

/** What all connections of the process share. */
export const sharedWheel: TimerWheel = new TimerWheel()
const sharedSlab = new Slab(nodePlatform)
const sharedQueue = new FlushQueue()

/** Completed options of the connections of one server or client. */
export interface Settings {
  readonly limits: MessageLimits
  readonly maxBuffered: number
  readonly slowConsumer: 'close' | 'drop'
  readonly closeTimeout: number
  readonly heartbeat: Heartbeat | null
  readonly messageTimeout: number
  readonly textAs: 'string' | 'bytes'
  readonly lend: boolean
  readonly compressionThreshold: number
  /** A server's connections take units of shared streams, and take nothing else over in their window. */
  readonly sharedDeflate: boolean
  /** Also the effort of compression, which is why it is here. */
  readonly platform: Platform
  readonly wheel: TimerWheel
  readonly queue: FlushQueue
  /** The connections of the one role, and of the other. */
  readonly endpoints: Readonly<Record<'server' | 'client', Endpoint>>
}

const MiB = 1024 * 1024

/**
 * Completes the options.
 *
 * @throws TypeError or RangeError that names the option
 */
export function completeSettings(
  options: SocketOptions,
  platform: Platform = nodePlatform,
  sharedDeflate = false,
): Settings {
  const parts = flag('parts', options.parts, false)
  const limits = {
    maxPayload: limit('maxPayload', options.maxPayload, parts ? Number.POSITIVE_INFINITY : 16 * MiB),
    maxFragments: limit('maxFragments', options.maxFragments, parts ? Number.POSITIVE_INFINITY : 1024),
    validateUtf8: flag('validateUtf8', options.validateUtf8, true),
    parts,
    budget: new ByteBudget(limit('maxIncomplete', options.maxIncomplete, 256 * MiB)),
  }
  const shared = { limits, autoPong: flag('autoPong', options.autoPong, true), platform, slab: sharedSlab }
  return {
    limits,
    maxBuffered: limit('maxBuffered', options.maxBuffered, 64 * MiB),
    slowConsumer: oneOf('slowConsumer', options.slowConsumer, ['close', 'drop'], 'close'),
    closeTimeout: limit('closeTimeout', options.closeTimeout, 10_000),
    heartbeat: completeHeartbeat(options.heartbeat),
    messageTimeout: limit('messageTimeout', options.messageTimeout, Number.POSITIVE_INFINITY),
    textAs: oneOf('textAs', options.textAs, ['string', 'bytes'], 'string'),
    lend: flag('lend', options.lend, false),
    compressionThreshold: limit('compressionThreshold', options.compressionThreshold, 1024),
    sharedDeflate,
    platform,
    wheel: sharedWheel,
    queue: sharedQueue,
    endpoints: {
      server: new Endpoint({ ...shared, role: 'server' }),
      client: new Endpoint({ ...shared, role: 'client' }),
    },
  }
}

function completeHeartbeat(heartbeat: SocketOptions['heartbeat']): Heartbeat | null {
  if (heartbeat === false) return null
  if (heartbeat !== undefined && (typeof heartbeat !== 'object' || heartbeat === null)) {
    throw new TypeError('heartbeat must be false or an object of interval and timeout')
  }
  return {
    interval: limit('heartbeat.interval', heartbeat?.interval, 25_000),
    timeout: limit('heartbeat.timeout', heartbeat?.timeout, 20_000),
  }
}
