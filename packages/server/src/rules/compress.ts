// What of a channel may be compressed. The length of what is compressed together tells of each part how much of it the others
// hold: whoever may put text in, and watches the wire, learns the rest letter by letter. So publications of several people
// go together only where each of them may read all of it.

import { isDeepStrictEqual } from 'node:util'
import type { AllowOne, Requirement } from './allow.ts'
import type { Rule } from './rules.ts'

/** together: whatever goes to all subscribers; alone: a frame of one publication, by itself; never: nothing. */
export type Compress = 'together' | 'alone' | 'never'

/**
 * What may be compressed in a channel of one rule, or in a pattern that reaches channels of several.
 *
 * @param isHooked a hook has a say: it may let somebody publish who may not subscribe
 */
export function compressOf(rules: readonly Rule[], isPattern: boolean, isHooked: boolean): Compress {
  if (rules.some(({ compress }) => compress === false)) return 'never'
  // The configuration's word is for each channel: of what goes with a pattern's other channels it says nothing.
  if (!isPattern && rules.every(({ compress }) => compress === true)) return 'together'
  const writes = rules.flatMap(({ allow }) => allow.publish)
  const areReaders = rules.every(({ allow }) => writes.every((one) => mayToo(allow.subscribe, one)))
  return areReaders && (!isHooked || writes.length === 0) ? 'together' : 'alone'
}

/** Does whoever fulfils `one` fulfil one of `any`? In doubt not: rights and tokens are given for single actions. */
function mayToo(any: Requirement, one: AllowOne): boolean {
  return any.some((other) => {
    if (other === 'everyone') return true
    if (one === 'users') return other === 'users'
    return typeof one === 'object' && typeof other === 'object' && isDeepStrictEqual(one.claims, other.claims)
  })
}
