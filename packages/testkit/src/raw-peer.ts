/**
 * A TCP peer that sends exactly the bytes it is told to, and remembers what came back.
 * It knows no protocol and answers nothing by itself; both sides may be half closed.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Signal } from './signal.ts'

/** How the other side ended: FIN, RST, or not yet. */
export type Ending = 'open' | 'eof' | 'reset'

/** How long waiting may take, in milliseconds, where nothing else is said. */
export const DEADLINE = 5000

/** One TCP connection in our hands. */
export class RawPeer {
  readonly socket: Socket
  /** Called with each chunk; nothing is kept in `received` while it is set. */
  onData: ((chunk: Buffer) => void) | null
  /** The first error the socket reported, if any. */
  error: Error | null
  #chunks: Buffer[]
  #ending: Ending
  #finished: boolean
  readonly #signal: Signal

  constructor(socket: Socket) {
    this.socket = socket
    this.onData = null
    this.error = null
    this.#chunks = []
    this.#ending = 'open'
    this.#finished = false
    this.#signal = new Signal()
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      if (this.onData === null) this.#chunks.push(chunk)
      else this.onData(chunk)
      this.#signal.wake()
    })
    socket.on('end', () => {
      if (this.#ending === 'open') this.#ending = 'eof'
      this.#signal.wake()
    })
    socket.on('error', (error: Error) => {
      this.error ??= error
      this.#ending = 'reset'
      this.#signal.wake()
    })
    socket.on('close', () => {
      if (this.#ending === 'open') this.#ending = 'reset'
      this.#finished = true
      this.#signal.finish()
    })
  }

  /** Connects. @throws the connection error */
  static connect(port: number, host = '127.0.0.1'): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new RawPeer(socket))
      })
    })
  }

  /** How the other side ended so far. */
  get ending(): Ending {
    return this.#ending
  }

  /** Our own port: how the other side can name this connection. */
  get localPort(): number {
    return this.socket.localPort ?? 0
  }

  /** Everything received so far, joined. The bytes stay the peer's. */
  get received(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] as Buffer
  }

  /** Takes what was received so far out of `received`; or only its first `size` bytes. */
  take(size?: number): Buffer {
    const all = this.received
    const end = size ?? all.length
    this.#chunks = end < all.length ? [all.subarray(end)] : []
    return all.subarray(0, end)
  }

  /** Hands the bytes to the kernel; resolves when it took them, or when the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (!this.socket.writable) resolve()
      else this.socket.write(bytes, () => resolve())
    })
  }

  /**
   * Writes one chunk per turn of the event loop, so that a reader in this process gets each one alone.
   * Stops when the other side ended, or when `enough` says so.
   */
  async writeSplit(chunks: Iterable<Uint8Array>, enough: () => boolean = () => false): Promise<void> {
    // A connection accepted in this turn is read from the next one on.
    await new Promise<void>((resolve) => setImmediate(resolve))
    for (const chunk of chunks) {
      if (!this.socket.writable || this.#ending !== 'open' || enough()) return
      if (this.socket.writableLength > 1 << 16) await this.write(chunk)
      else this.socket.write(chunk)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Waits until `condition` holds; false when the deadline passes first. Looked at again after each event. */
  until(condition: (peer: RawPeer) => boolean, deadline: number = DEADLINE): Promise<boolean> {
    return this.#signal.until(() => condition(this), deadline)
  }

  /** Waits for at least `size` bytes in `received`. @throws Error at the deadline */
  async untilBytes(size: number, deadline: number = DEADLINE): Promise<Buffer> {
    if (await this.until((peer) => peer.received.length >= size, deadline)) return this.received
    throw new Error(`${this.received.length} of ${size} bytes after ${deadline} ms (${this.#ending})`)
  }

  /** Waits until the other side ended; 'open' when it did not within the deadline. */
  async untilEnd(deadline: number = DEADLINE): Promise<Ending> {
    await this.until((peer) => peer.ending !== 'open', deadline)
    return this.#ending
  }

  /** Half-closes: FIN behind what was written; reading goes on. */
  end(): void {
    if (this.socket.writable) this.socket.end()
  }

  /** Aborts with RST. */
  reset(): void {
    if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }

  /** Stops reading, so that the other side meets backpressure. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Closes for good; resolves when the socket is closed. */
  destroy(): Promise<void> {
    if (this.#finished) return Promise.resolve()
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve())
      this.socket.destroy()
    })
  }
}

/** Listens on a free port and hands each connection over as a RawPeer. */
export class RawServer {
  readonly port: number
  readonly #server: Server
  readonly #arrived: RawPeer[]
  readonly #wanted: ((peer: RawPeer) => void)[]
  readonly #all: Set<RawPeer>
  #accepted: number

  constructor(server: Server, port: number) {
    this.port = port
    this.#server = server
    this.#arrived = []
    this.#wanted = []
    this.#all = new Set()
    this.#accepted = 0
    server.on('connection', (socket) => {
      this.#accepted++
      const peer = new RawPeer(socket)
      this.#all.add(peer)
      socket.once('close', () => this.#all.delete(peer))
      const wanted = this.#wanted.shift()
      if (wanted === undefined) this.#arrived.push(peer)
      else wanted(peer)
    })
  }

  /** Connections so far. */
  get accepted(): number {
    return this.#accepted
  }

  static listen(host = '127.0.0.1'): Promise<RawServer> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true })
      server.once('error', reject)
      server.listen(0, host, () => {
        const address = server.address()
        resolve(new RawServer(server, typeof address === 'object' && address !== null ? address.port : 0))
      })
    })
  }

  /** The next connection, in order of arrival. @throws Error at the deadline */
  accept(deadline: number = DEADLINE): Promise<RawPeer> {
    const arrived = this.#arrived.shift()
    if (arrived !== undefined) return Promise.resolve(arrived)
    return new Promise((resolve, reject) => {
      const wanted = (peer: RawPeer): void => {
        clearTimeout(timer)
        resolve(peer)
      }
      const timer = setTimeout(() => {
        this.#wanted.splice(this.#wanted.indexOf(wanted), 1)
        reject(new Error(`nobody connected within ${deadline} ms`))
      }, deadline)
      this.#wanted.push(wanted)
    })
  }

  /** Stops listening and drops every connection. */
  async close(): Promise<void> {
    for (const peer of this.#all) peer.socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
