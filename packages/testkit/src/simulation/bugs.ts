// Ways in which a simulated world may be broken on purpose: each breaks one promise, and the checker must notice. Names
// only; who is broken looks for its own.

/** The store lies. */
export const STORE_BUGS = [
  'match-by-default',
  'proof-by-offset',
  'forgets-keys',
  'acknowledges-unstored',
  'stores-backwards',
  'absent-by-default',
  'skips-one',
  'serves-the-past',
] as const

/** A node lies to its clients: their frames are changed on the way out, or its clients' on the way in. */
export const NODE_BUGS = [
  'conflates-the-newest',
  'miscounts-gaps',
  'repeats-behind-unsub',
  'repeats-direct-messages',
  'direct-messages-astray',
  'silent-pattern-interruptions',
  'pattern-twice',
  'history-skips-one',
  'ignores-cancel',
  'ignores-budget',
  'ignores-unsubscribe',
  'replaced-live-on',
  'tokens-never-end',
  'slow-without-cause',
  'leaks-a-timer',
] as const

export type StoreBug = (typeof STORE_BUGS)[number]
export type NodeBug = (typeof NODE_BUGS)[number]
export type Bug = StoreBug | NodeBug

export const BUGS: readonly Bug[] = [...STORE_BUGS, ...NODE_BUGS]

/** The bug if it is one of the store's. */
export function storeBug(bug: Bug | null): StoreBug | null {
  return STORE_BUGS.find((one) => one === bug) ?? null
}
