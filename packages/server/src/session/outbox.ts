// What one connection is still to be sent. While the network takes what it is given nothing waits here; when it does not,
// replies and personal pushes wait in order, each subscription keeps its own queue, and both are bounded.

import type { Clock, Encoded } from '@tautline/wire'
import { excluding, fewMembers, including } from '../few.ts'
import { Frame, type Link } from '../link.ts'

/** Pressure: so many bytes wait for one connection, or the oldest for so many ms. */
export const HIGH_MARK = 262_144
const OLDEST = 2_000
/** One frame made of what waited. */
const CHUNK = 65_536

/** A subscription's queue as the outbox drains it. */
export interface Waiting {
  /** Gives about `bytes` of what waits, in order, as one frame; null when nothing waits any more. */
  take(bytes: number): Encoded | Frame | null
}

/** Who hears that a connection cannot go on. */
export interface OutboxOwner {
  /** More waits than a connection may hold. */
  overflowed(): void
  /** The link threw: what the client has got is not known any more. */
  broke(error: unknown): void
}

/** One per session. Once closed it takes everything and sends nothing. */
export class Outbox {
  private readonly link: Link
  private readonly clock: Clock
  private readonly owner: OutboxOwner
  /** Bytes over which the connection ends with 4002, whatever the policies say. */
  private readonly most: number
  private personal: (Encoded | Frame)[] = []
  private personalBytes = 0
  /** Bytes in the queues of subscriptions; they account for them. */
  queuedBytes = 0
  private waiting: ReadonlySet<Waiting> = fewMembers()
  // A boolean beside the time: a field that holds fractions is another object, to be fetched for every delivery.
  private isFlowing = true
  /** Since when the network takes nothing. */
  private congestedSince = 0
  private flow: PromiseWithResolvers<void> | null = null
  private closed = false
  /** Something was sent since it was last asked. */
  sentSomething = false

  constructor(link: Link, clock: Clock, owner: OutboxOwner, most: number) {
    this.link = link
    this.clock = clock
    this.owner = owner
    this.most = most
  }

  /** Bytes that wait for this connection, wherever they do. */
  get heldBytes(): number {
    return this.personalBytes + this.queuedBytes + this.link.buffered
  }

  /** ms for which the oldest of them has waited. */
  get age(): number {
    return this.isFlowing ? 0 : this.clock.now() - this.congestedSince
  }

  /** The network takes what it is given, and nothing waits. True once it is closed: nobody waits for what is gone. */
  get flowing(): boolean {
    return this.isFlowing
  }

  /** More waits than is good, or for too long: the policies of the subscriptions apply. */
  get pressed(): boolean {
    if (this.isFlowing) return false
    return this.heldBytes > HIGH_MARK || this.age > OLDEST
  }

  /** Resolves when nothing waits any more, or the connection is gone. */
  whenFlowing(): Promise<void> {
    if (this.flowing) return Promise.resolve()
    this.flow ??= Promise.withResolvers<void>()
    return this.flow.promise
  }

  /** Gives a frame to the network at once; only while `flowing`. */
  give(frame: Encoded | Frame): void {
    if (this.pass(frame) || !this.isFlowing || this.closed) return
    this.isFlowing = false
    this.congestedSince = this.clock.now()
  }

  /** A reply or a push of this connection alone, in order among its kind. */
  send(message: Encoded | Frame): void {
    if (this.closed) return
    if (this.flowing) return this.give(message)
    this.personal.push(message)
    this.personalBytes += message instanceof Frame ? message.size : this.link.codec.size(message)
    if (this.heldBytes > this.most) this.owner.overflowed()
  }

  /** Ahead of everything that waits here: `ping` and `bye`. */
  overtake(message: Encoded): void {
    this.pass(message)
  }

  /** A subscription has something in its queue. */
  wait(subscription: Waiting): void {
    this.waiting = including(this.waiting, subscription)
  }

  forget(subscription: Waiting): void {
    this.waiting = excluding(this.waiting, subscription)
  }

  /** The network takes more. */
  drained(): void {
    if (this.closed) return
    this.isFlowing = true
    while (this.flowing) {
      const frame = this.personal.length > 0 ? this.takePersonal() : this.takeNext()
      if (frame === null) break
      this.give(frame)
    }
    if (!this.flowing) return
    this.flow?.resolve()
    this.flow = null
  }

  close(): void {
    this.closed = true
    this.personal = []
    this.personalBytes = 0
    this.waiting = fewMembers()
    this.isFlowing = true
    this.flow?.resolve()
    this.flow = null
  }

  private pass(frame: Encoded | Frame): boolean {
    if (this.closed) return true
    this.sentSomething = true
    try {
      return this.link.send(frame)
    } catch (error) {
      this.owner.broke(error)
      return true
    }
  }

  private takePersonal(): Encoded | Frame {
    const { codec } = this.link
    const parts: Encoded[] = []
    let bytes = 0
    for (const one of this.personal) {
      const encoded = one instanceof Frame ? one.encoded : one
      const size = codec.size(encoded)
      if (parts.length > 0 && bytes + size > CHUNK) break
      parts.push(encoded)
      bytes += size
    }
    this.personal.splice(0, parts.length)
    this.personalBytes -= bytes
    return codec.join(parts)
  }

  /** Round robin: a channel with much to say does not hold up the others. */
  private takeNext(): Encoded | Frame | null {
    for (const subscription of this.waiting) {
      this.waiting = excluding(this.waiting, subscription)
      const frame = subscription.take(CHUNK)
      if (frame === null) continue
      this.waiting = including(this.waiting, subscription)
      return frame
    }
    return null
  }
}
