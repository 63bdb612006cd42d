// What waits behind a large message that is being compressed on zlib's threads: everything sent after it, in order. It
// exists only meanwhile.

import { callOutside } from './callbacks.ts'

/** From this many bytes on compressing blocks the loop for over a millisecond: it is done on zlib's threads. */
export const OFFLOAD_FROM: number = 64 * 1024

/** A connection with more waiting behind its compression reads nothing until it has caught up. */
export const HOLD_ABOVE: number = 4 * 1024 * 1024

/** What all connections together may have on zlib's threads; beyond, large messages are sent uncompressed. */
const MOST_OFFLOADED = 64 * 1024 * 1024
let offloaded = 0

/** Takes room for a message on the threads. Whoever got it gives it back with `leaveThreads`. */
export function enterThreads(bytes: number): boolean {
  if (offloaded + bytes > MOST_OFFLOADED) return false
  offloaded += bytes
  return true
}

export function leaveThreads(bytes: number): void {
  offloaded -= bytes
}

interface Waiting {
  readonly run: () => void
  readonly cancel: ((error: Error) => void) | null
  readonly bytes: number
}

/** An ordered list of actions. Its bytes count as buffered, so that `maxBuffered` bounds it. */
export class Backlog {
  /** Bytes of the message under way and of those that wait. */
  bytes: number
  private waiting: Waiting[] = []
  // What stands before it has run. Nothing is moved, however often the list changes hands.
  private next = 0
  private waitingBytes = 0

  /** @param bytes of the message under way */
  constructor(bytes: number) {
    this.bytes = bytes
  }

  push(bytes: number, run: () => void, cancel: ((error: Error) => void) | null = null): void {
    this.bytes += bytes
    this.waitingBytes += bytes
    this.waiting.push({ run, cancel, bytes })
  }

  /** The message is done: runs what waits, up to the next that has to be compressed, which takes over the rest. */
  resume(current: () => Backlog | null): void {
    while (this.next < this.waiting.length) {
      const another = current()
      if (another !== null) return another.takeOver(this)
      const entry = this.waiting[this.next++] as Waiting
      this.waitingBytes -= entry.bytes
      entry.run()
    }
  }

  /** The connection is gone, or takes nothing any more. What has run already is not cancelled. */
  cancel(error: Error): void {
    const { waiting, next } = this
    this.waiting = []
    this.next = 0
    for (const { cancel } of waiting.slice(next)) if (cancel !== null) callOutside(cancel, error)
  }

  /** Called on a backlog that has just been made: nothing waits in it yet. */
  private takeOver(before: Backlog): void {
    this.waiting = before.waiting
    this.next = before.next
    this.waitingBytes = before.waitingBytes
    this.bytes += before.waitingBytes
  }
}
