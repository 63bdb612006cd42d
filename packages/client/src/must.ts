// What an application did wrong, said where it did.

/** @throws TypeError */
export function must(right: unknown, what: string): asserts right {
  if (!right) throw new TypeError(what)
}
