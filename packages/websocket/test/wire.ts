// A stream in the tests' hands: what the engine writes is counted call by call, what it reads is fed to it, and the
// kernel behind it takes bytes only when it is told to.

import { Duplex } from 'node:stream'
import { buildFrames, type FrameSpec, parseFrames, VirtualClock } from '@tautline/testkit'
import {
  type Adoption,
  type AdoptionOptions,
  type Agreement,
  adopt,
  adoption,
  type Socket,
  type SocketOptions,
} from '../src/mod.ts'
import { TimerWheel } from '../src/timer-wheel.ts'

export class Wire extends Duplex {
  /** One entry for each write the "kernel" saw: a cork with several segments is one. */
  readonly writes: Buffer[] = []
  /** While true nothing is taken: writes wait for `release`. */
  held = false
  private waiting: ((error?: Error | null) => void) | null = null

  constructor(highWaterMark = 64 * 1024) {
    super({ allowHalfOpen: true, highWaterMark })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.took(chunk, callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.took(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  /** The kernel takes what waits, and everything from now on. */
  release(): void {
    this.held = false
    const { waiting } = this
    this.waiting = null
    waiting?.()
  }

  /** Everything written, joined. */
  get written(): Buffer {
    return Buffer.concat(this.writes)
  }

  /** The frames written so far, as `opcode payload`; `~` marks one that is not final, `*` one with RSV1. */
  get frames(): string[] {
    const { frames, rest } = parseFrames(this.written)
    if (rest.length > 0) throw new Error(`${rest.length} bytes behind the last frame`)
    return frames.map(({ fin, rsv, opcode, payload }) => {
      const flags = `${fin ? '' : '~'}${rsv === 4 ? '*' : ''}`
      return `${flags}${opcode} ${opcode === 8 && payload.length > 1 ? `${payload.readUInt16BE(0)} ${payload.subarray(2)}` : payload}`
    })
  }

  private took(bytes: Buffer, callback: (error?: Error | null) => void): void {
    this.writes.push(Buffer.from(bytes))
    if (this.held) this.waiting = callback
    else callback()
  }
}

/** The rest of this turn of the loop, its immediates included. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

/** Until `condition` holds; it is asked once a turn. */
export async function until(condition: () => boolean, what: string, deadline = 5000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${deadline} ms: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Runs while errors that nobody catches are collected: their messages. */
export async function uncaught(run: () => Promise<void>): Promise<string[]> {
  const thrown: string[] = []
  const mine = (error: Error): void => {
    thrown.push(error.message)
  }
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', mine)
  try {
    await run()
  } finally {
    await turn()
    process.off('uncaughtException', mine)
    for (const other of others) process.on('uncaughtException', other)
  }
  return thrown
}

export interface Adopted {
  readonly socket: Socket
  readonly wire: Wire
  /** What the socket's callbacks heard, in order. */
  readonly heard: string[]
  /** Feeds frames as the peer sends them: masked to a server. */
  feed(...frames: FrameSpec[]): void
}

/** A socket on a wire, with callbacks that note what they hear. */
export function adopted(
  options: AdoptionOptions = {},
  agreement: Partial<Agreement> = {},
  wire: Wire = new Wire(),
): Adopted {
  return adoptedWith(adoption({ heartbeat: false, ...options }), agreement, wire)
}

/** As `adopted`, with deadlines on a clock of the test's. */
export function adoptedOnClock(options: SocketOptions): Adopted & { readonly clock: VirtualClock } {
  const clock = new VirtualClock()
  const wheel = new TimerWheel({
    now: clock.now,
    setTimer: clock.setTimeout,
    clearTimer: (timer) => clock.clearTimeout(timer as number),
  })
  const { settings } = adoption({ heartbeat: false, ...options })
  return { ...adoptedWith({ settings: { ...settings, wheel } }), clock }
}

function adoptedWith(shared: Adoption, agreement: Partial<Agreement> = {}, wire: Wire = new Wire()): Adopted {
  const role = agreement.role ?? 'server'
  const socket = adopt(wire, Buffer.alloc(0), { ...agreement, role }, shared)
  const heard: string[] = []
  listenTo(socket, heard)
  const feed = (...frames: FrameSpec[]): void => {
    wire.push(buildFrames(...frames.map((frame) => ({ mask: role === 'server', ...frame }))))
  }
  return { socket, wire, heard, feed }
}

/** Notes everything a socket says. */
export function listenTo(socket: Socket, heard: string[]): void {
  socket.onmessage = (data, isBinary) => heard.push(`${isBinary ? 'binary' : 'text'} ${data}`)
  socket.onping = (payload) => heard.push(`ping ${payload}`)
  socket.onpong = (payload) => heard.push(`pong ${payload}`)
  socket.onerror = (error) => heard.push(`error ${(error as { code?: string }).code ?? error.message}`)
  socket.onclose = (code, reason, wasClean) => heard.push(`close ${code} ${reason}${wasClean ? ' clean' : ''}`)
  socket.ondrain = () => heard.push('drain')
}
