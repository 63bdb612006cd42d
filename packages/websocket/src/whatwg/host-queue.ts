// RFC 6455 §4.1 (2): "If multiple connections to the same IP address are attempted simultaneously, the client MUST
// serialize them so that there is no more than one connection at a time running through the following steps."
// Hosts are told apart by name and port, for names are resolved later than this.

/** The most that may wait for one host. Servers of tests and proxies see thousands of clients, one page never has them. */
const MAX_WAITING = 4096

/** Starts the handshakes to one host one after another. */
export class HostQueue {
  readonly #hosts: Map<string, Set<() => Promise<unknown>>> = new Map()

  /**
   * Calls `start` when all handshakes to `host` that were asked for before have ended.
   *
   * @returns a function that takes it back while it waits, or null if too many wait already
   */
  enter(host: string, start: () => Promise<unknown>): (() => void) | null {
    const waiting = this.#hosts.get(host)
    if (waiting === undefined) {
      this.#hosts.set(host, new Set())
      this.#run(host, start)
    } else if (waiting.size >= MAX_WAITING) return null
    else waiting.add(start)
    return () => waiting?.delete(start)
  }

  #run(host: string, start: () => Promise<unknown>): void {
    const next = (): void => this.#next(host)
    start().then(next, next)
  }

  #next(host: string): void {
    const waiting = this.#hosts.get(host)
    for (const start of waiting ?? []) {
      waiting?.delete(start)
      return this.#run(host, start)
    }
    this.#hosts.delete(host)
  }
}

/** All WebSockets and WebSocketStreams of the process. */
export const hostQueue: HostQueue = new HostQueue()
