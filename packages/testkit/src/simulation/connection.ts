// One simulated WebSocket connection: two pipes between a client's machine and a node's, and the faults that can befall
// it. The ends (web-socket.ts, node-link.ts) speak through it; it never looks into a frame.

import type { Session } from '../checker/mod.ts'
import type { Chance } from './chance.ts'
import type { Machine } from './machine.ts'
import { Pipe, type Route } from './pipe.ts'

/** What goes over a connection. */
export type Payload = string | Uint8Array

/** An end as the connection sees it. */
export interface End {
  frame(payload: Payload): void
  /** The other side's close frame. */
  closing(code: number, reason: string): void
  /** The connection is gone without a closing handshake. */
  failed(): void
}

export type Direction = 'up' | 'down'

/** What the node's end of a connection came to, for the checker. Times of the scheduler, ms. */
export interface ConnectionRecord {
  readonly opened: number
  /** When the node heard the client last. */
  heard: number
  /** The node closed it. */
  ended: Session['ended']
  /** It was over at the node's end, however that came. */
  over: number | null
  /** The tokens it was granted with, and when each ends. */
  readonly tokens: { readonly at: number; readonly ends: number }[]
}

/** Hears everything that reaches or leaves the client's end, in order. */
export interface Tap {
  opened(connection: Connection): void
  sent(connection: Connection, payload: Payload): void
  received(connection: Connection, payload: Payload): void
  ended(connection: Connection): void
}

const HEADER = 6

/** A connection between a client and a node; `up` is towards the node. */
export class Connection {
  readonly id: number
  readonly client: string
  readonly node: string
  readonly protocol: string
  readonly up: Pipe
  readonly down: Pipe
  readonly #machines: { readonly client: Machine; readonly node: Machine }
  readonly #chance: Chance
  readonly #tap: Tap
  readonly #gone: (connection: Connection) => void
  /** Called where the connection fails before the client has heard that it is open. */
  unanswered: (() => void) | null = null
  #clientEnd: End | null = null
  #nodeEnd: End | null = null
  #cutIn: { readonly direction: Direction; left: number } | null = null
  #silent = false
  #deaf = false
  #over = false
  readonly record: ConnectionRecord

  constructor(options: {
    readonly id: number
    readonly client: Machine
    readonly node: Machine
    readonly protocol: string
    readonly route: Route
    readonly chance: Chance
    readonly tap: Tap
    readonly gone: (connection: Connection) => void
  }) {
    this.id = options.id
    this.client = options.client.name
    this.node = options.node.name
    this.protocol = options.protocol
    this.up = new Pipe(options.client, options.node, options.route, options.chance)
    this.down = new Pipe(options.node, options.client, options.route, options.chance)
    this.#machines = { client: options.client, node: options.node }
    this.#chance = options.chance
    this.#tap = options.tap
    this.#gone = options.gone
    const now = options.node.now()
    this.record = { opened: now, heard: now, ended: null, over: null, tokens: [] }
  }

  /** The machine at the other end from the client. */
  get machine(): Machine {
    return this.#machines.node
  }

  get over(): boolean {
    return this.#over
  }

  attachClient(end: End): void {
    this.#clientEnd = end
    this.#tap.opened(this)
  }

  attachNode(end: End): void {
    this.#nodeEnd = end
  }

  /** A frame from the client. */
  sendUp(payload: Payload): void {
    this.#tap.sent(this, payload)
    const lost = this.#counts('up')
    this.up.send(sizeOf(payload), () => (lost ? this.reset() : this.#nodeEnd?.frame(payload)))
  }

  /** A frame from the node. */
  sendDown(payload: Payload): void {
    const lost = this.#counts('down')
    this.down.send(sizeOf(payload), () => {
      if (lost) return this.reset()
      if (this.#clientEnd === null) return
      this.#tap.received(this, payload)
      this.#clientEnd.frame(payload)
    })
  }

  closeUp(code: number, reason: string): void {
    this.up.send(HEADER, () => this.#nodeEnd?.closing(code, reason))
  }

  closeDown(code: number, reason: string): void {
    this.down.send(HEADER, () => this.#clientEnd?.closing(code, reason))
  }

  /** The client has closed: it takes no frame any more, whatever still arrives. */
  deafen(): void {
    if (this.#clientEnd !== null && !this.#deaf) this.#tap.ended(this)
    this.#deaf = true
  }

  /** The client's end has ended: its program hears nothing more. */
  leaveClient(): void {
    if (this.#clientEnd === null) return
    this.deafen()
    this.#clientEnd = null
    this.#ended()
  }

  leaveNode(): void {
    this.record.over ??= this.#machines.node.now()
    this.#nodeEnd = null
    this.#ended()
  }

  /** Cut by someone on the way, or by one end: the others hear of it after a while, what is under way is lost. */
  reset(): void {
    if (this.#over) return
    this.up.cut()
    this.down.cut()
    if (this.#silent) return
    this.#machines.client.post(
      () => {
        if (this.#clientEnd === null) this.unanswered?.()
        else this.#clientEnd.failed()
      },
      this.#chance.within(0, 40),
    )
    this.#machines.node.post(() => this.#nodeEnd?.failed(), this.#chance.within(0, 40))
  }

  /** The route dies without a word, both ways or one. */
  vanish(direction: Direction | 'both'): void {
    if (direction !== 'down') this.up.swallow()
    if (direction !== 'up') this.down.swallow()
    // A reset would have to travel the same route.
    this.#silent = true
  }

  /** Cut inside the n-th frame from now in a direction: the frame is lost, the ones ahead of it are not. */
  cutInside(direction: Direction, frames: number): void {
    this.#cutIn = { direction, left: frames }
  }

  #counts(direction: Direction): boolean {
    const cut = this.#cutIn
    if (cut === null || cut.direction !== direction) return false
    cut.left--
    return cut.left === 0
  }

  #ended(): void {
    if (this.#over || this.#clientEnd !== null || this.#nodeEnd !== null) return
    this.#over = true
    this.up.cut()
    this.down.cut()
    this.#gone(this)
  }
}

/** About the bytes on the wire. */
export function sizeOf(payload: Payload): number {
  return HEADER + (typeof payload === 'string' ? payload.length : payload.byteLength)
}
