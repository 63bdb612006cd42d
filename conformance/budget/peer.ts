// Raw peers that play a path in lockstep with a server in the same process: everything a turn brings has come before the
// next turn is said, so that each read of the server holds the same bytes in every run. They allocate nothing per turn
// that depends on what the server does.

import { connect, type Socket } from 'node:net'
import { NaiveFrameReader, readHead, type WireFrame } from '@tautline/testkit'

/** All peers read into it: a read is looked at within its callback. */
const READ_INTO = Buffer.alloc(1024 * 1024)

/** What the peers of an exchange have got together in this turn, and what is said when that is all. */
export class Tally {
  /** Frames, or bytes where the server speaks no WebSocket. */
  due = 0
  got = 0
  reads = 0
  writes = 0
  onTurn: () => void = () => {}

  add(units: number): void {
    this.reads++
    this.got += units
    if (this.got < this.due) return
    if (this.got > this.due) throw new Error(`a turn brought ${this.got} instead of ${this.due}`)
    this.got = 0
    this.onTurn()
  }
}

const PEERS: WeakSet<Socket> = new WeakSet()

/** Is a stream one of ours, and not the server's? */
export function isPeer(stream: unknown): boolean {
  return PEERS.has(stream as Socket)
}

/** One connection. While it asks, frames are read; afterwards they are only counted. */
export class Peer {
  readonly socket: Socket
  private readonly tally: Tally
  private readonly counter: FrameCounter | null
  private asked: ((chunk: Buffer) => void) | null = null

  /** @param framed count frames, not bytes */
  private constructor(port: number, tally: Tally, framed: boolean) {
    this.tally = tally
    this.counter = framed ? new FrameCounter() : null
    const callback = (size: number): boolean => {
      this.read(size)
      return true
    }
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: READ_INTO, callback } })
    PEERS.add(this.socket)
  }

  static open(port: number, tally: Tally, framed: boolean): Promise<Peer> {
    const peer = new Peer(port, tally, framed)
    return new Promise((resolve, reject) => {
      peer.socket.once('error', reject)
      peer.socket.once('connect', () => {
        // Where a path ends every connection, the end of one is no news.
        peer.socket.off('error', reject).on('error', () => {})
        resolve(peer)
      })
    })
  }

  /** Sends a request and waits until its answer's head has come. */
  shake(request: Buffer): Promise<void> {
    return this.ask(request, (bytes) => readHead(bytes) !== null)
  }

  /** Sends what brings `count` frames, and waits for them. */
  async say(bytes: Buffer, count: number): Promise<readonly WireFrame[]> {
    const frames: WireFrame[] = []
    const reader = new NaiveFrameReader()
    await this.ask(bytes, (_all, chunk) => frames.push(...reader.push(chunk)) >= count)
    return frames
  }

  private ask(bytes: Buffer, isEnough: (all: Buffer, chunk: Buffer) => boolean): Promise<void> {
    return new Promise((resolve) => {
      let all = Buffer.alloc(0)
      this.asked = (chunk) => {
        all = Buffer.concat([all, chunk])
        if (!isEnough(all, chunk)) return
        this.asked = null
        resolve()
      }
      this.socket.write(bytes)
    })
  }

  private read(size: number): void {
    if (this.asked !== null) this.asked(Buffer.from(READ_INTO.subarray(0, size)))
    else this.tally.add(this.counter === null ? size : this.counter.count(READ_INTO, size))
  }
}

/** Counts the frames that end in each read, and looks at nothing but their lengths. */
class FrameCounter {
  /** Bytes of the frame under way that are still to come. */
  private left = 0

  count(bytes: Buffer, size: number): number {
    let frames = 0
    let at = Math.min(this.left, size)
    if (this.left > 0 && at === this.left) frames++
    this.left -= at
    while (at < size) {
      const short = (bytes[at + 1] as number) & 0x7f
      const header = short === 127 ? 10 : short === 126 ? 4 : 2
      if (size - at < header) throw new Error('a header was cut: these peers read whole turns')
      let length = short
      if (short === 126) length = bytes.readUInt16BE(at + 2)
      else if (short === 127) length = bytes.readUInt32BE(at + 6)
      at += header + length
      if (at <= size) frames++
      else this.left = at - size
    }
    return frames
  }
}
