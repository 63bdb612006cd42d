// Standard Webhooks: who sends a request is told by an HMAC of its id, time and body. The keys are nowhere to be seen:
// not in an error, not when an object is printed.

import { createHmac } from 'node:crypto'
import { SettingError } from '../rules/settings.ts'

const PREFIX = 'whsec_'
/** Bytes of a key, as Standard Webhooks asks for. */
const LEAST = 24
const MOST = 64
/** A replaced secret, its successor, and room for a mistake. */
const MOST_KEYS = 4

const HOW = `'${PREFIX}' and the base64 of ${LEAST} to ${MOST} random bytes: make one with "echo ${PREFIX}$(openssl rand -base64 32)"`

/**
 * The keys of one secret or several.
 *
 * @throws SettingError, which never shows the value
 */
export function readSecrets(path: string, given: unknown): readonly Uint8Array[] {
  const list = Array.isArray(given) ? given : [given]
  if (list.length === 0 || list.length > MOST_KEYS) {
    throw new SettingError(path, `must be one secret, or a list of up to ${MOST_KEYS} while one replaces another`)
  }
  return list.map((one: unknown, i) => readSecret(Array.isArray(given) ? `${path}[${i}]` : path, one))
}

function readSecret(path: string, given: unknown): Uint8Array {
  if (given === undefined) throw new SettingError(path, `is missing: it must be ${HOW}`)
  const [, text] = (typeof given === 'string' && /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(given)) || []
  if (text === undefined || text.length % 4 !== 0) throw new SettingError(path, `must be ${HOW}`)
  const key = Buffer.from(text, 'base64')
  if (key.length >= LEAST && key.length <= MOST) return key
  throw new SettingError(path, `has ${key.length} bytes: it must be ${HOW}`)
}

/** Signs what is sent. */
export class Signer {
  readonly #keys: readonly Uint8Array[]

  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys
  }

  /**
   * The three headers of one attempt.
   *
   * @param id of the request, the same on each attempt; it has no '.'
   * @param wall ms since 1970; receivers refuse what is 5 minutes off
   */
  headers(id: string, wall: number, body: string): Record<string, string> {
    const seconds = String(Math.floor(wall / 1_000))
    const signatures = this.#keys.map((key) => {
      return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
    })
    return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') }
  }
}
