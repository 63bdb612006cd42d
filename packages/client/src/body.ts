// What the application publishes or calls with, as it is kept: a text or bytes of its own, checked for what no server
// takes. A server that is given more than its limits ends the connection, so they are checked here too.

import { CLIENT_LIMITS, RealtimeError, type StoredBody } from '@tautline/wire'

/**
 * @param limits of the server, as far as they are known: before that it says itself what is too large
 * @throws RealtimeError `bad-data`, `too-large`
 */
export function bodyOf(value: unknown, limits: Readonly<Record<string, number>>): StoredBody {
  const { body: most = CLIENT_LIMITS.frame, depth = CLIENT_LIMITS.depth, keys = CLIENT_LIMITS.keys } = limits
  const refuse = (code: 'bad-data' | 'too-large', what: string): never => {
    throw new RealtimeError(code, `what is sent ${what}`, { field: 'data' })
  }
  let left = keys
  const walk = (of: unknown, level: number): void => {
    if (typeof of === 'object' && of) {
      const names = Object.keys(of)
      const prototype = Object.getPrototypeOf(of)
      if (!Array.isArray(of)) {
        // A plain object of any realm: its prototype, if any, is a root.
        if (prototype && Object.getPrototypeOf(prototype)) refuse('bad-data', 'holds an object of a class')
        left -= names.length
      }
      // The message around it is the first level.
      if (level >= depth || left < 0) refuse('too-large', 'is nested too deeply or has too many keys')
      for (const name of names) walk((of as Record<string, unknown>)[name], level + 1)
    } else if (typeof of === 'number') {
      if (!Number.isFinite(of) || (Number.isInteger(of) && !Number.isSafeInteger(of))) refuse('bad-data', `holds ${of}`)
    } else if (of !== null && typeof of !== 'string' && typeof of !== 'boolean')
      refuse('bad-data', `holds ${typeof of}`)
  }
  const bytes = value instanceof Uint8Array ? value.slice() : null
  if (!bytes) walk(value, 1)
  const json = bytes ? '' : JSON.stringify(value)
  const size = (bytes ?? new TextEncoder().encode(json)).length
  if (size > most) refuse('too-large', `has ${size} bytes, more than ${most}`)
  return bytes ? { bytes } : { json }
}
