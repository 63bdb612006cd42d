// The options of ws, turned into what the engine is told; once per server, and once per client with options of its own.

import { type Adoption, adoption, type DeflateParameters, NodePlatform } from '@tautline/websocket/face'
import type { ConnectionOptions, PerMessageDeflateOptions } from './types.ts'

/** ms; as in ws. */
export const CLOSE_TIMEOUT = 30_000

/** The defaults of ws for servers and clients. */
export const DEFAULTS: Required<Omit<ConnectionOptions, 'maxIncomplete'>> = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: CLOSE_TIMEOUT,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
}

/** What the connections of one server, or one client, share. */
export interface Terms {
  readonly adoption: Adoption
  /** Not allowSynchronousEvents: one event in a turn of the loop. */
  readonly deferred: boolean
  /** Messages from so many bytes on are compressed if the window is not taken over. */
  readonly threshold: number
}

type Options = ConnectionOptions & {
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
  readonly generateMask?: ((mask: Buffer) => void) | undefined
}

/** The terms for options that have their defaults. */
export function termsOf(options: Options): Terms {
  const deflate = typeof options.perMessageDeflate === 'object' ? options.perMessageDeflate : {}
  const { level, memLevel } = deflate.zlibDeflateOptions ?? {}
  const effort = { ...(level === undefined ? {} : { level }), ...(memLevel === undefined ? {} : { memLevel }) }
  const { generateMask } = options
  const own = typeof generateMask === 'function' ? new MaskingPlatform(effort, generateMask) : undefined
  const adopted = adoption(
    {
      maxPayload: bound(options.maxPayload),
      maxFragments: bound(options.maxFragments),
      maxIncomplete: bound(options.maxIncomplete),
      // ws never gives up on a slow peer; programs watch bufferedAmount.
      maxBuffered: Number.POSITIVE_INFINITY,
      closeTimeout: timeout(options.closeTimeout),
      heartbeat: false,
      autoPong: Boolean(options.autoPong),
      validateUtf8: !options.skipUTF8Validation,
      textAs: 'bytes',
      ...(Object.keys(effort).length === 0 ? {} : { effort }),
    },
    own,
  )
  return {
    adoption: adopted,
    deferred: options.allowSynchronousEvents !== undefined && !options.allowSynchronousEvents,
    threshold: deflate.threshold ?? 1024,
  }
}

/** From how many bytes on a connection compresses; ws compresses everything where it has the window to gain from. */
export function compressFrom(terms: Terms, deflate: DeflateParameters | null, isServer: boolean): number {
  if (deflate === null) return Number.POSITIVE_INFINITY
  return (isServer ? deflate.serverNoContextTakeover : deflate.clientNoContextTakeover) ? terms.threshold : 0
}

/** In ws 0, like anything else that is not positive, is no limit. */
function bound(value: number | undefined): number {
  const number = Math.floor(Number(value))
  return number > 0 ? number : Number.POSITIVE_INFINITY
}

function timeout(value: number | undefined): number {
  const number = Math.floor(Number(value))
  return number >= 0 ? number : CLOSE_TIMEOUT
}

let generating = false

/**
 * `generateMask` is called while a frame is being written: another frame must not begin there.
 *
 * @throws Error within `generateMask`
 */
export function refuseWithinMask(): void {
  if (generating) throw new Error('generateMask must not use a WebSocket')
}

/** Masking keys come from the application (option `generateMask`). */
class MaskingPlatform extends NodePlatform {
  readonly #generate: (mask: Buffer) => void
  readonly #key: Buffer

  constructor(effort: ConstructorParameters<typeof NodePlatform>[0], generate: (mask: Buffer) => void) {
    super(effort)
    this.#generate = generate
    this.#key = Buffer.alloc(4)
  }

  override randomMask(): number {
    generating = true
    try {
      this.#generate(this.#key)
    } finally {
      generating = false
    }
    return this.#key.readInt32LE(0)
  }
}
