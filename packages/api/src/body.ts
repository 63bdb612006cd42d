// Reads the body of a request, no more of it than it may have, and takes it apart within the limits of the wire. It never
// trusts a length, and never inflates anything.

import { type Clock, jsonCodec, WireError } from '@tautline/wire'
import type { HonoRequest } from 'hono'
import { Refusal } from './refusal.ts'

export interface BodyLimits {
  readonly bytes: number
  /** ms until it has to be there. */
  readonly timeout: number
  /** Levels and keys of its JSON, as of a message. */
  readonly depth: number
  readonly keys: number
}

/** A connection with an unread rest of a body is of no use any more. */
const CLOSE = { connection: 'close' }

/**
 * The JSON of a request.
 *
 * @throws Refusal 415, 413, 408 or 400
 */
export async function readJson(request: HonoRequest, limits: BodyLimits, clock: Clock): Promise<unknown> {
  const { raw } = request
  checkType(raw.headers)
  const declared = Number(raw.headers.get('content-length') ?? 0)
  if (declared > limits.bytes) throw tooLarge(limits)
  // Something before us in the same app has read it: Hono has kept it.
  const bytes = raw.bodyUsed ? new Uint8Array(await request.arrayBuffer()) : await readBytes(raw, limits, clock)
  return parseJson(bytes, limits)
}

function checkType(headers: Headers): void {
  const type = headers.get('content-type') ?? ''
  // Types that a form of any page can send without asking first are none of ours.
  if (!/^application\/json[\t ]*(;[\t ]*charset="?utf-8"?[\t ]*)?$/i.test(type)) {
    throw new Refusal('unsupported', 'send the body as "Content-Type: application/json"', { headers: CLOSE }, 415)
  }
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding.toLowerCase() === 'identity') return
  throw new Refusal('unsupported', 'send the body without Content-Encoding', { headers: CLOSE }, 415)
}

async function readBytes(request: Request, limits: BodyLimits, clock: Clock): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  const late = Promise.withResolvers<never>()
  const timer = clock.setTimer(() => {
    const seconds = limits.timeout / 1_000
    late.reject(new Refusal('timeout', `the body was not there within ${seconds} s`, { headers: CLOSE }, 408))
  }, limits.timeout)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise])
      if (done) return Buffer.concat(parts, size)
      size += value.byteLength
      if (size > limits.bytes) throw tooLarge(limits)
      parts.push(value)
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('bad-request', 'the body broke off', { headers: CLOSE })
  } finally {
    clock.clearTimer(timer)
    // Not cancelled: that would cut the connection before the answer is out.
    reader.releaseLock()
  }
}

function tooLarge(limits: BodyLimits): Refusal {
  return new Refusal('too-large', `the body has more than ${limits.bytes} bytes`, { headers: CLOSE })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * One JSON text within the limits.
 *
 * @throws Refusal `bad-request`, `bad-data` (numbers that no double can hold), `too-large` (too deep, too many keys)
 */
export function parseJson(bytes: Uint8Array | string, limits: Pick<BodyLimits, 'bytes' | 'depth' | 'keys'>): unknown {
  try {
    const text = typeof bytes === 'string' ? bytes : utf8.decode(bytes)
    // A codec's messages are lines. Where lines are but layout, they may go for looking; parsed is what came.
    const lines = text.includes('\n')
    const [decoded] = jsonCodec.decode(lines ? text.replaceAll('\n', ' ') : text, { ...limits, messages: 1 })
    if (decoded?.bad !== undefined) throw new Refusal('bad-data', `the JSON holds ${decoded.bad}`)
    return lines ? JSON.parse(text) : decoded?.value
  } catch (error) {
    if (error instanceof Refusal) throw error
    // The engine's own message quotes the text.
    if (error instanceof WireError && error.kind === 'too-large') {
      throw new Refusal('too-large', error.message.replace('a message', 'the JSON').replace('a frame', 'the JSON'))
    }
    throw new Refusal('bad-request', 'this is not JSON in UTF-8')
  }
}
