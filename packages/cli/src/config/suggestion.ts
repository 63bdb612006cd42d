// What an error says to whoever wrote a word that is not known.

import { nearest } from '@tautline/wire'

/** `did you mean 'x'?`, or a list of what is known. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  if (near !== null) return `did you mean '${near}'?`
  return known.length === 0 ? 'nothing may stand here' : `known are ${known.map((one) => `'${one}'`).join(', ')}`
}
