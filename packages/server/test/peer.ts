// A client as a test scripts it: it speaks tautline.v1 over a link in memory, whose network can be held back.
import assert from 'node:assert/strict'
import {
  type Codec,
  type Encoded,
  jsonCodec,
  type Publication,
  readServerMessage,
  SERVER_FRAME_LIMITS,
  type ServerMessage,
} from '@tautline/wire'
import { Frame, type Link, type LinkEvents, type LinkRequest } from '../src/link.ts'

export const REQUEST: LinkRequest = {
  headers: { get: () => undefined },
  remoteAddress: '127.0.0.1',
  origin: undefined,
  target: '/realtime',
  secure: false,
}

/** What a test may look at: every message that arrived, in order. */
export class Peer implements Link {
  readonly codec: Codec
  readonly remoteAddress: string = '127.0.0.1'
  readonly received: ServerMessage[] = []
  /** Sends of the server: one per write. */
  frames = 0
  bytes = 0
  buffered = 0
  closedWith: { code: number; reason: string } | null = null
  /** false: the network takes nothing more. */
  private open_ = true
  private held: Encoded[] = []
  private events: LinkEvents | null = null
  private paused = false
  private waiting: string[] = []
  private nextId = 0

  constructor(codec: Codec = jsonCodec) {
    this.codec = codec
  }

  /** How the connection ended; null: it has not. */
  code(): number | null {
    return this.closedWith?.code ?? null
  }

  open(events: LinkEvents): void {
    this.events = events
  }

  send(frame: Frame | Encoded): boolean {
    const encoded = frame instanceof Frame ? frame.encoded : frame
    this.frames++
    this.bytes += this.codec.size(encoded)
    if (this.open_) this.take(encoded)
    else {
      this.held.push(encoded)
      this.buffered += this.codec.size(encoded)
    }
    return this.open_
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason }
    this.events = null
  }

  cut(): void {
    this.closedWith ??= { code: 1006, reason: '' }
    this.events = null
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    while (!this.paused && this.waiting.length > 0) {
      const frame = this.waiting.shift() as string
      this.events?.frame(frame)
    }
  }

  /** The network stops taking anything, as when nobody reads at the other end. */
  stall(): void {
    this.open_ = false
  }

  flow(): void {
    this.open_ = true
    for (const encoded of this.held.splice(0)) this.take(encoded)
    this.buffered = 0
    this.events?.drained()
  }

  /** The network loses the connection. */
  vanish(clean = false): void {
    const { events } = this
    this.events = null
    this.closedWith ??= { code: clean ? 1000 : 1006, reason: '' }
    events?.closed(clean)
  }

  /** Sends a command; its number. */
  say(command: Record<string, unknown>): number {
    const id = command['id'] ?? ++this.nextId
    this.sayText(this.codec.encode({ id, ...command }) as string)
    return id as number
  }

  sayText(frame: string): void {
    if (this.paused) this.waiting.push(frame)
    else this.events?.frame(frame)
  }

  /** The reply to a command; fails if there is none or it is an error. */
  ok(id: number): Record<string, unknown> {
    const reply = this.reply(id)
    assert.ok('ok' in reply, `command ${id} was refused: ${JSON.stringify(reply)}`)
    return reply.ok as Record<string, unknown>
  }

  error(id: number): { code: string; retry: string; field?: string } {
    const reply = this.reply(id)
    assert.ok('error' in reply && reply.error !== undefined, `command ${id} was not refused: ${JSON.stringify(reply)}`)
    return reply.error
  }

  reply(id: number): ServerMessage {
    const reply = this.received.find((message) => 'id' in message && !('ev' in message) && message.id === id)
    assert.ok(reply !== undefined, `command ${id} was not answered; received ${JSON.stringify(this.received)}`)
    return reply
  }

  pushes(ev: string): Record<string, unknown>[] {
    return this.received.filter((message) => 'ev' in message && message.ev === ev) as unknown as Record<
      string,
      unknown
    >[]
  }

  /** Publications of a channel (or all), in order. */
  publications(channel?: string): Publication[] {
    return (this.pushes('pub') as unknown as Publication[]).filter((one) => channel === undefined || one.ch === channel)
  }

  private take(encoded: Encoded): void {
    for (const decoded of this.codec.decode(encoded, SERVER_FRAME_LIMITS)) {
      const message = readServerMessage(decoded)
      assert.ok(message !== null, `the server said what the client does not know: ${JSON.stringify(decoded.value)}`)
      this.received.push(message)
    }
  }
}
