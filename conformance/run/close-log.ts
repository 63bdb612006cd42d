/** Remembers with which code a server's connections closed, by the peer's port, and waits for codes to come. */
import { Signal } from '@tautline/testkit'

const DEADLINE = 3000

/** Close codes of a server's connections. */
export class CloseLog {
  readonly #codes: Map<number, number>
  readonly #signal: Signal

  constructor() {
    this.#codes = new Map()
    this.#signal = new Signal()
  }

  /** The connection from `port` closed. */
  closed(port: number, code: number): void {
    this.#codes.set(port, code)
    this.#signal.wake()
  }

  /** The code for `port`; -1 when there is none within 3 s. */
  async code(port: number): Promise<number> {
    await this.#signal.until(() => this.#codes.has(port), DEADLINE)
    return this.#codes.get(port) ?? -1
  }
}
