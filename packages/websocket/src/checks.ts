// Checks of options: what an application got wrong is said where it was given, with the option's name, instead of failing
// at the first connection.

/** A number that bounds something: an integer from 0 on, or Infinity for whoever asks for no bound. */
export function limit(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${typeof value}`)
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)) return value
  throw new RangeError(`${name} must be an integer from 0 on or Infinity, got ${value}`)
}

/** An integer of a range. */
export function within(name: string, value: number | undefined, low: number, high: number, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${typeof value}`)
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new RangeError(`${name} must be an integer from ${low} to ${high}, got ${value}`)
}

/** One of a few words. */
export function oneOf<T extends string>(name: string, value: T | undefined, words: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  if (words.includes(value)) return value
  throw new TypeError(`${name} must be one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

export function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false, got ${typeof value}`)
}

/** A callback or nothing. */
export function callable(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`${name} must be a function, got ${typeof value}`)
  }
}
