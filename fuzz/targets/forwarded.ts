// The hops of X-Forwarded-For and Forwarded: addresses or nothing, and whatever stands to the left of what a proxy has
// written changes nothing of it.

import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { forwardedHops, hopsOf } from '../../packages/server/src/admission/forwarded.ts'
import { type Target, words } from '../target.ts'

export const forwarded: Target = {
  name: 'forwarded',
  dictionary: words(
    'for=',
    'For="[',
    ']:80"',
    '192.0.2.1',
    '::1',
    '2001:db8::1',
    ',',
    ';',
    '"',
    '\\',
    'unknown',
    '_x',
    '%1',
  ),
  run(bytes) {
    const text = Buffer.from(bytes).toString('latin1')
    for (const hop of [...hopsOf(text), ...forwardedHops(text)]) {
      if (hop !== null) assert.ok(isIP(hop) !== 0 && !hop.includes('%') && hop === hop.toLowerCase())
    }
    assert.equal(hopsOf(`${text},192.0.2.7`).next().value, '192.0.2.7')
    assert.equal(forwardedHops(`${text},for="[2001:db8::7]:1"`).next().value, '2001:db8::7')
  },
}
