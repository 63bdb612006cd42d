// The node's end of a simulated connection: a `Link` for the real server. It keeps the contract of link.ts to the
// letter: no frame while paused, `closed` last and once, false from `send` when the network is behind.

import { Frame, type Link, type LinkEvents } from '@tautline/server'
import type { Codec, Encoded } from '@tautline/wire'
import type { Connection, End, Payload } from './connection.ts'
import type { Machine } from './machine.ts'

/** How long the closing handshake may take, ms. */
const CLOSE_WAIT = 5_000

/** One accepted connection. */
export class NodeLink implements Link, End {
  readonly codec: Codec
  readonly remoteAddress: string | undefined
  readonly #connection: Connection
  readonly #machine: Machine
  /** Bytes that may wait before `send` answers false. */
  readonly #highMark: number
  #events: LinkEvents | null = null
  #behind = false
  #paused = false
  #closing = false
  #closed = false
  readonly #arrived: Payload[] = []

  constructor(connection: Connection, machine: Machine, codec: Codec, highMark: number) {
    this.codec = codec
    this.remoteAddress = `10.0.0.${connection.id % 250}`
    this.#connection = connection
    this.#machine = machine
    this.#highMark = highMark
    connection.down.drained = () => machine.post(() => this.#drained(), 0)
  }

  get buffered(): number {
    return this.#connection.down.buffered
  }

  open(events: LinkEvents): void {
    this.#events = events
  }

  send(frame: Frame | Encoded): boolean {
    if (this.#closing || this.#closed) return true
    this.#connection.sendDown(frame instanceof Frame ? frame.encoded : frame)
    const behind = this.buffered > this.#highMark
    if (behind) this.#behind = true
    return !behind
  }

  close(code: number, reason: string): void {
    if (this.#closing || this.#closed) return
    this.#closing = true
    this.#connection.closeDown(code, reason)
    this.#machine.post(() => this.cut(), CLOSE_WAIT)
  }

  cut(): void {
    if (this.#closed) return
    this.#closing = true
    this.#connection.reset()
    this.#machine.post(() => this.failed(), 0)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (this.#arrived.length > 0) this.#machine.post(() => this.#next(), 0)
  }

  frame(payload: Payload): void {
    if (this.#closing || this.#closed) return
    this.#arrived.push(payload)
    if (this.#arrived.length === 1) this.#next()
  }

  closing(code: number, _reason: string): void {
    if (!this.#closing) this.#connection.closeDown(code, '')
    this.failed()
  }

  failed(): void {
    if (this.#closed) return
    this.#closed = true
    this.#connection.leaveNode()
    this.#events?.closed()
  }

  #next(): void {
    while (!this.#paused && !this.#closing && !this.#closed) {
      const payload = this.#arrived.shift()
      if (payload === undefined) return
      this.#events?.frame(payload)
    }
  }

  #drained(): void {
    if (!this.#behind || this.#closed || this.#closing || this.buffered > 0) return
    this.#behind = false
    this.#events?.drained()
  }
}
