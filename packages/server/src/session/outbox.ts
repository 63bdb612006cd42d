// What one connection is still to be sent. While the network takes what it is given nothing waits here; when it does not,
// replies and personal pushes wait in order, each subscription keeps its own queue, and both are bounded.

import type { Clock, Encoded } from '@tautline/wire'
import { Frame, type Link } from '../link.ts'

/** Pressure: so many bytes wait for one connection, or the oldest for so many ms. */
export const HIGH_MARK = 262_144
const OLDEST = 2_000
/** Replies and calls that nobody reads: over this the connection ends with 4002, whatever the policies say. */
const PERSONAL_LIMIT = 4_194_304
/** One frame made of what waited. */
const CHUNK = 65_536

/** A subscription's queue as the outbox drains it. */
export interface Waiting {
  /** Gives about `bytes` of what waits, in order, as one frame; null when nothing waits any more. */
  take(bytes: number): Encoded | Frame | null
}

/** One per session. */
export class Outbox {
  private readonly link: Link
  private readonly clock: Clock
  private readonly overflow: () => void
  private personal: (Encoded | Frame)[] = []
  private personalBytes = 0
  /** Bytes in the queues of subscriptions; they account for them. */
  queuedBytes = 0
  private readonly waiting: Set<Waiting> = new Set()
  /** Since when the network takes nothing; −1: it does. */
  private congestedSince = -1
  private flow: PromiseWithResolvers<void> | null = null
  private closed = false
  /** Something was sent since it was last asked. */
  sentSomething = false

  constructor(link: Link, clock: Clock, overflow: () => void) {
    this.link = link
    this.clock = clock
    this.overflow = overflow
  }

  /** The network takes what it is given, and nothing waits. */
  get flowing(): boolean {
    return this.congestedSince === -1
  }

  /** More waits than is good, or for too long: the policies of the subscriptions apply. */
  get pressed(): boolean {
    if (this.congestedSince === -1) return false
    return (
      this.queuedBytes + this.personalBytes + this.link.buffered > HIGH_MARK ||
      this.clock.now() - this.congestedSince > OLDEST
    )
  }

  /** Resolves when nothing waits any more, or the connection is gone. */
  whenFlowing(): Promise<void> {
    if (this.flowing || this.closed) return Promise.resolve()
    this.flow ??= Promise.withResolvers<void>()
    return this.flow.promise
  }

  /** Gives a frame to the network at once; only while `flowing`. */
  give(frame: Encoded | Frame): void {
    this.sentSomething = true
    if (!this.link.send(frame) && this.congestedSince === -1) this.congestedSince = this.clock.now()
  }

  /** A reply or a push of this connection alone, in order among its kind. */
  send(message: Encoded | Frame): void {
    if (this.closed) return
    if (this.flowing) return this.give(message)
    this.personal.push(message)
    this.personalBytes += message instanceof Frame ? message.size : this.link.codec.size(message)
    if (this.personalBytes > PERSONAL_LIMIT) this.overflow()
  }

  /** Ahead of everything that waits here: `ping` and `bye`. */
  overtake(message: Encoded): void {
    if (this.closed) return
    this.sentSomething = true
    this.link.send(message)
  }

  /** A subscription has something in its queue. */
  wait(subscription: Waiting): void {
    this.waiting.add(subscription)
  }

  forget(subscription: Waiting): void {
    this.waiting.delete(subscription)
  }

  /** The network takes more. */
  drained(): void {
    if (this.closed) return
    this.congestedSince = -1
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
    this.waiting.clear()
    this.flow?.resolve()
    this.flow = null
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
      this.waiting.delete(subscription)
      const frame = subscription.take(CHUNK)
      if (frame === null) continue
      this.waiting.add(subscription)
      return frame
    }
    return null
  }
}
