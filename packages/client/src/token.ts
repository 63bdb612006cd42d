// Where the token comes from, and when a new one is needed. It is kept across reconnects: a thousand clients that come
// back must not become a thousand requests to whoever issues tokens.

export class TokenSource {
  readonly #source: string | (() => string | Promise<string>) | undefined
  #kept: string | undefined
  #until: number = Number.POSITIVE_INFINITY

  constructor(source: string | (() => string | Promise<string>) | undefined) {
    this.#source = source
    this.#kept = typeof source === 'string' ? source : undefined
  }

  /** Can there be another one? */
  get renewable(): boolean {
    return typeof this.#source === 'function'
  }

  /** The kept one ends at this time of the monotonic clock. */
  endsAt(time: number): void {
    this.#until = time
  }

  /** The kept one is worth nothing any more. */
  stale(): void {
    if (this.renewable) this.#kept = undefined
  }

  /** The kept token if it holds at `now`, else a new one; undefined: this client has none. */
  async get(now: number): Promise<string | undefined> {
    if (this.#kept !== undefined && (now < this.#until || !this.renewable)) return this.#kept
    return typeof this.#source === 'function' ? await this.fresh() : undefined
  }

  /**
   * A new token, from the application.
   *
   * @throws whatever the application throws; TypeError where it gives no text
   */
  async fresh(): Promise<string> {
    if (typeof this.#source !== 'function') throw new TypeError('give `token` as a function, so that it can be renewed')
    const token: unknown = await this.#source()
    if (typeof token !== 'string' || token === '') {
      throw new TypeError('the function `token` must return, or resolve with, text that is not empty')
    }
    this.#kept = token
    this.#until = Number.POSITIVE_INFINITY
    return token
  }
}
