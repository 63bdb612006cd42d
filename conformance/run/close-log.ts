/** Remembers with which code a server's connections closed, by the peer's port, and waits for codes to come. */
import { Signal } from '@tautline/testkit'

const DEADLINE = 10_000

/** Close codes of a server's connections. */
export class CloseLog {
  readonly #connections: Map<number, { code: number }>
  readonly #signal: Signal

  constructor() {
    this.#connections = new Map()
    this.#signal = new Signal()
  }

  /** A connection from `port` is open; ports are used again. Returns what to call with its close event's code. */
  opened(port: number): (code: number) => void {
    const connection = { code: -1 }
    this.#connections.set(port, connection)
    return (code) => {
      connection.code = code
      this.#signal.wake()
    }
  }

  /** The code for the last connection from `port`; -1 when there is none within 10 s. */
  async code(port: number): Promise<number> {
    await this.#signal.until(() => (this.#connections.get(port)?.code ?? -1) !== -1, DEADLINE)
    return this.#connections.get(port)?.code ?? -1
  }
}
