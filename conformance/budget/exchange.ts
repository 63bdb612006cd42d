// Turns between peers and a server: one peer says something, and it and the others get what the server makes of it.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { requestBytes, type WireFrame } from '@tautline/testkit'
import type { Turns } from './path.ts'
import { Peer, Tally } from './peer.ts'

/** What goes on in a path. */
export interface Dialogue {
  /** Connections that say nothing after their beginning. */
  readonly receivers: number
  /** The opening handshake of the sender and of the receivers. */
  readonly request: { readonly sender: Buffer; readonly receiver: Buffer }
  /** What each says before the first turn, and gets one frame for. */
  readonly greetings?: { readonly sender: readonly Buffer[]; readonly receiver: readonly Buffer[] }
  /** Throws if that frame is not what was wanted: a path that is refused is cheap. */
  check?(answer: WireFrame): void
  /** What the sender says in the next turn. The same memory may be used again. */
  next(): Buffer
  /** Frames that a turn brings to the sender, and to each receiver. */
  readonly back: number
  readonly each: number
}

/** Bytes on the wire in one turn. */
interface Sizes {
  readonly sent: number
  readonly back: number
  readonly each: number
}

/** Peers of one server. */
export class Exchange implements Turns {
  readonly peers: Tally
  private readonly all: readonly Peer[]
  private readonly next: () => Buffer
  private readonly stop: () => Promise<void>

  constructor(all: readonly Peer[], tally: Tally, next: () => Buffer, stop: () => Promise<void>) {
    this.all = all
    this.peers = tally
    this.next = next
    this.stop = stop
  }

  run(count: number): Promise<void> {
    const { peers, next } = this
    const { socket } = this.all[0] as Peer
    return new Promise((resolve) => {
      let left = count
      const say = (): void => {
        peers.writes++
        socket.write(next())
      }
      peers.onTurn = () => {
        if (--left === 0) resolve()
        else say()
      }
      say()
    })
  }

  async bare(): Promise<Turns> {
    const sizes = await this.sizes()
    const streams: Socket[] = []
    const server = createServer({ noDelay: true }, (stream) => {
      stream.on('error', () => {})
      if (streams.push(stream) === 1) answer(streams, sizes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const tally = new Tally()
    tally.due = sizes.back + (this.all.length - 1) * sizes.each
    const peers: Peer[] = []
    const { port } = server.address() as AddressInfo
    for (let i = 0; i < this.all.length; i++) peers.push(await Peer.open(port, tally, false))
    const batch = Buffer.alloc(sizes.sent)
    const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
    return new Exchange(peers, tally, () => batch, stop)
  }

  async close(): Promise<void> {
    for (const { socket } of this.all) socket.resetAndDestroy()
    await this.stop()
  }

  /** One turn, and the bytes it took. */
  private async sizes(): Promise<Sizes> {
    const [sender, first] = this.all.map(({ socket }) => socket)
    const before = [sender?.bytesWritten ?? 0, sender?.bytesRead ?? 0, first?.bytesRead ?? 0] as const
    await this.run(1)
    return {
      sent: (sender?.bytesWritten ?? 0) - before[0],
      back: (sender?.bytesRead ?? 0) - before[1],
      each: (first?.bytesRead ?? 0) - before[2],
    }
  }
}

/** What the bare server does: once the turn's bytes have come, everybody gets as many as ours would send. */
function answer(streams: readonly Socket[], { sent, back, each }: Sizes): void {
  const [reply, news] = [Buffer.alloc(back), Buffer.alloc(each)]
  let came = 0
  streams[0]?.on('data', (chunk) => {
    came += chunk.length
    if (came < sent) return
    came = 0
    if (back > 0) streams[0]?.write(reply)
    for (let i = 1; i < streams.length; i++) streams[i]?.write(news)
  })
}

/** Opens the connections of a dialogue with a server of ours. */
export async function converse(port: number, dialogue: Dialogue, stop: () => Promise<void>): Promise<Turns> {
  const { receivers, request, greetings, back, each } = dialogue
  const tally = new Tally()
  const peers: Peer[] = []
  for (let i = 0; i <= receivers; i++) {
    const peer = await Peer.open(port, tally, true)
    const role = i === 0 ? 'sender' : 'receiver'
    await peer.shake(request[role])
    for (const greeting of greetings?.[role] ?? []) {
      for (const frame of await peer.say(greeting, 1)) dialogue.check?.(frame)
    }
    peers.push(peer)
  }
  tally.due = back + receivers * each
  return new Exchange(peers, tally, () => dialogue.next(), stop)
}

/** An opening handshake. */
export function opening(target: string, fields: readonly (readonly [string, string])[] = []): Buffer {
  return requestBytes({ target, fields })
}
