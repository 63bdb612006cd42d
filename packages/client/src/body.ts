// What the application publishes or calls with, as it is kept: a text or bytes of its own, checked for what no server
// takes. A server that is given more than its limits ends the connection, so they are checked here too.

import { LIMITS, RealtimeError, type StoredBody } from '@tautline/wire'

function refuse(what: string): never {
  throw new RealtimeError('bad-data', `data holds ${what}, which JSON cannot say`, { field: 'data' })
}

/**
 * @param limits of the server, as far as they are known: before that it says itself what is too large
 * @throws RealtimeError `bad-data`, `too-large`
 */
export function bodyOf(value: unknown, limits: Readonly<Record<string, number>>): StoredBody {
  let keys = limits['keys'] ?? LIMITS.keys
  // The message around it is the first level.
  const depth = (limits['depth'] ?? LIMITS.depth) - 1
  const walk = (of: unknown, level: number): void => {
    if (typeof of === 'number') {
      if (!Number.isFinite(of) || (Number.isInteger(of) && !Number.isSafeInteger(of))) refuse(`the number ${of}`)
    } else if (typeof of === 'object' && of !== null) {
      const list = Array.isArray(of)
      // A plain object of any realm: its prototype, if any, is a root.
      if (!list && Object.getPrototypeOf(Object.getPrototypeOf(of) ?? null)) refuse('an object of a class')
      if (!list) keys -= Object.keys(of).length
      if (level > depth || keys < 0)
        throw new RealtimeError('too-large', 'data is nested too deeply, or has too many keys')
      for (const inner of Object.values(of)) walk(inner, level + 1)
    } else if (typeof of !== 'string' && typeof of !== 'boolean' && of !== null) refuse(typeof of)
  }
  let size: number
  let body: StoredBody
  if (value instanceof Uint8Array) {
    body = { bytes: value.slice() }
    size = value.length
  } else {
    walk(value, 1)
    body = { json: JSON.stringify(value) }
    size = new TextEncoder().encode(body.json).length
  }
  const most = limits['body'] ?? LIMITS.frame
  if (size > most) throw new RealtimeError('too-large', `${size} bytes are more than the ${most} a message may have`)
  return body
}
