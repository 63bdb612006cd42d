// The node's end of a simulated connection: a `Link` for the real server. It keeps the contract of link.ts to the
// letter: no frame while paused, `closed` last and once, false from `send` when the network is behind.

import { Frame, type Link, type LinkEvents } from '@tautline/server'
import type { Codec, Encoded } from '@tautline/wire'
import type { Connection, End, Payload } from './connection.ts'
import type { Liar } from './liar.ts'
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
  /** Changes what is said, where the world is broken on purpose. */
  readonly #liar: Liar | null
  #events: LinkEvents | null = null
  /** Since when the network is behind; null: it is not. */
  #behind: number | null = null
  #paused = false
  #closing = false
  #closed = false
  readonly #arrived: Payload[] = []

  constructor(connection: Connection, machine: Machine, codec: Codec, highMark: number, liar: Liar | null = null) {
    this.codec = codec
    this.remoteAddress = addressOf(connection.id)
    this.#liar = liar
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
    const encoded = frame instanceof Frame ? frame.encoded : frame
    const said = this.#liar === null ? encoded : this.#liar.down(encoded)
    if (said !== null) this.#connection.sendDown(said)
    const behind = this.buffered > this.#highMark
    if (behind) this.#behind ??= this.#machine.now()
    return !behind
  }

  close(code: number, reason: string): void {
    if (this.#closing || this.#closed) return
    this.#closing = true
    const { record } = this.#connection
    const at = this.#machine.now()
    const stuck = at - (this.#behind ?? at)
    record.ended = { at, code, heard: record.heard, stuck, stopping: this.#machine.stopping }
    record.over ??= at
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
    this.#end(code === 1000)
  }

  failed(): void {
    this.#end(false)
  }

  #end(clean: boolean): void {
    if (this.#closed) return
    this.#closed = true
    this.#connection.leaveNode()
    this.#events?.closed(clean)
  }

  #next(): void {
    while (!this.#paused && !this.#closing && !this.#closed) {
      const payload = this.#arrived.shift()
      if (payload === undefined) return
      const heard = this.#liar === null ? payload : this.#liar.up(payload)
      this.#connection.record.heard = this.#machine.now()
      if (heard !== null) this.#events?.frame(heard)
      if (this.#liar?.isTired() === true) {
        this.close(4002, 'slow')
        this.failed()
      }
    }
  }

  #drained(): void {
    if (this.#behind === null || this.#closed || this.#closing || this.buffered > 0) return
    this.#behind = null
    this.#events?.drained()
  }
}

/** By its address a hook of the application tells a connection. */
export function addressOf(id: number): string {
  return `10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`
}
