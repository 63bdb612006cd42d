/**
 * A TCP proxy between two peers that does to the bytes what bad networks do: delays, chops, cuts, stalls.
 * Each direction has faults of its own; it never changes or reorders a byte.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What happens to one direction. */
export interface Faults {
  /** Milliseconds each chunk waits. */
  readonly latency?: number
  /** Passes on at most so many bytes per turn of the event loop. */
  readonly chop?: number
  /** After exactly `bytes` passed on: `cut` closes both sides, `half-close` ends this direction, `reset` sends RST to both, `stall` swallows the rest in silence. */
  readonly after?: { readonly bytes: number; readonly act: 'cut' | 'half-close' | 'reset' | 'stall' }
}

/** Where to, and the faults on the way there (`up`) and back (`down`). */
export interface ProxyOptions {
  readonly port: number
  readonly host?: string
  readonly up?: Faults
  readonly down?: Faults
}

/** One direction of one connection: a queue that is emptied one chunk after another. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #faults: Faults
  readonly #queue: { bytes: Buffer; due: number }[]
  #passed: number
  #ended: boolean
  #stopped: boolean
  #running: boolean

  constructor(from: Socket, to: Socket, faults: Faults) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#queue = []
    this.#passed = 0
    this.#ended = false
    this.#stopped = false
    this.#running = false
    from.on('data', (bytes: Buffer) => {
      if (this.#stopped) return
      this.#queue.push({ bytes, due: performance.now() + (faults.latency ?? 0) })
      // What waits here is bounded by not reading on.
      if (this.#queue.length > 64) from.pause()
      void this.#run()
    })
    from.on('end', () => {
      this.#ended = true
      void this.#run()
    })
    from.on('close', () => {
      // Without an end the other side died: it is passed on as it came.
      if (!this.#ended && !to.destroyed) to.resetAndDestroy()
    })
    from.on('error', () => undefined)
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    for (let next = this.#queue.shift(); next !== undefined && !this.#stopped; next = this.#queue.shift()) {
      const wait = next.due - performance.now()
      if (wait > 0) await new Promise<void>((resolve) => setTimeout(resolve, wait))
      await this.#pass(next.bytes)
      if (this.#queue.length < 32) this.#from.resume()
    }
    this.#running = false
    if (this.#ended && !this.#stopped && this.#queue.length === 0 && this.#to.writable) this.#to.end()
  }

  async #pass(bytes: Buffer): Promise<void> {
    const { after, chop = bytes.length } = this.#faults
    const end = after === undefined ? bytes.length : Math.min(bytes.length, after.bytes - this.#passed)
    for (let at = 0; at < end; at += chop) {
      if (!this.#to.writable) return
      const piece = bytes.subarray(at, Math.min(at + chop, end))
      this.#passed += piece.length
      await new Promise<void>((resolve) => this.#to.write(piece, () => resolve()))
      // Two: the first one may still belong to the turn that read these bytes.
      for (let turn = 0; chop < bytes.length && turn < 2; turn++) {
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    }
    if (after !== undefined && this.#passed >= after.bytes) this.#act(after.act)
  }

  #act(act: 'cut' | 'half-close' | 'reset' | 'stall'): void {
    this.#stopped = true
    this.#queue.length = 0
    this.#from.resume()
    if (act === 'half-close') this.#to.end()
    if (act === 'cut') {
      this.#ended = true
      this.#to.destroySoon()
      this.#from.destroySoon()
    }
    if (act === 'reset') {
      this.#to.resetAndDestroy()
      this.#from.resetAndDestroy()
    }
  }
}

/** The proxy; connect to `port` instead of the target's. */
export class FaultyProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>

  constructor(server: Server, port: number, options: ProxyOptions) {
    this.port = port
    this.#server = server
    this.#sockets = new Set()
    server.on('connection', (near) => {
      const far = connect({ port: options.port, host: options.host ?? '127.0.0.1', allowHalfOpen: true })
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.setNoDelay(true)
        socket.on('close', () => this.#sockets.delete(socket))
      }
      new Lane(near, far, options.up ?? {})
      new Lane(far, near, options.down ?? {})
    })
  }

  static start(options: ProxyOptions): Promise<FaultyProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true })
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        const port = typeof address === 'object' && address !== null ? address.port : 0
        resolve(new FaultyProxy(server, port, options))
      })
    })
  }

  /** Sockets open now: two per connection. */
  get open(): number {
    return this.#sockets.size
  }

  /** RST to everyone, at once. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Stops listening and drops every connection. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
