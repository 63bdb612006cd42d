// How long to wait before the next attempt: exponential backoff with full jitter. It never waits itself.

/** The upper bound of the first wait, and of every wait, in milliseconds. */
export const FIRST_WAIT = 500
export const LONGEST_WAIT = 15_000

/**
 * Full jitter: the wait is chosen evenly between 0 and a bound that doubles. A server that restarts meets its clients
 * spread over the whole time, instead of all at once at every doubling.
 */
export class Backoff {
  readonly #random: () => number
  #attempts: number

  constructor(random: () => number) {
    this.#random = random
    this.#attempts = 0
  }

  /** Failed attempts since the last {@link reset}. */
  get attempts(): number {
    return this.#attempts
  }

  /** The wait before the next attempt in milliseconds; counts the attempt. */
  next(): number {
    const bound = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this.#attempts, 30))
    this.#attempts += 1
    return this.#random() * bound
  }

  /** After a connection has proved stable. */
  reset(): void {
    this.#attempts = 0
  }
}
