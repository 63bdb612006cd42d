// Reads the options of the brokers before anything is opened: a name that is not known or a durability that is none
// would be taken for the default, without a word.

/**
 * @param owner who is given them, for the error
 * @param known every option's name
 * @throws TypeError naming the option that is not known
 */
export function checkNames(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${owner} needs an object with options, not ${String(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new TypeError(`${owner} has no option ${JSON.stringify(name)}: there are ${known.join(', ')}`)
  }
}

/** @throws TypeError: not a number from 1 on */
export function positive(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 1) return value
  throw new TypeError(`${name} must be a number from 1 on, not ${JSON.stringify(value) ?? typeof value}`)
}

/** @throws TypeError: not one of the words */
export function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  if (words.includes(value as T)) return value as T
  throw new TypeError(`${name} must be '${words.join("' or '")}', not ${JSON.stringify(value) ?? typeof value}`)
}
