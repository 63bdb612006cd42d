// What is either so or not with a connection, a bit each: as fields of their own these would be a hundred bytes of every
// connection (npm run bench:idle).

const READING = 1 << 0
const BLOCKED = 1 << 1
const QUEUED = 1 << 2
const FAILED = 1 << 3
const CLIENT = 1 << 4
const CLOSE_ASKED = 1 << 5
const UNFINISHED = 1 << 6
const SKIPPING = 1 << 7
const PAUSED = 1 << 8
const HELD = 1 << 9
const HEARD = 1 << 10
const PINGED = 1 << 11
const DELIVERED = 1 << 12

/** The flags of a connection, sending and receiving half. */
export abstract class Flags {
  private bits = 0

  /** Inside a read: what is sent now is written when the read is done, not by the queue. */
  protected get reading(): boolean {
    return (this.bits & READING) !== 0
  }

  protected set reading(on: boolean) {
    this.bits = on ? this.bits | READING : this.bits & ~READING
  }

  /** The kernel takes nothing at present. */
  protected get blocked(): boolean {
    return (this.bits & BLOCKED) !== 0
  }

  protected set blocked(on: boolean) {
    this.bits = on ? this.bits | BLOCKED : this.bits & ~BLOCKED
  }

  /** It is on the list of the flush queue. */
  protected get queued(): boolean {
    return (this.bits & QUEUED) !== 0
  }

  protected set queued(on: boolean) {
    this.bits = on ? this.bits | QUEUED : this.bits & ~QUEUED
  }

  /** An error was reported; there is one at most. */
  protected get failed(): boolean {
    return (this.bits & FAILED) !== 0
  }

  protected set failed(on: boolean) {
    this.bits = on ? this.bits | FAILED : this.bits & ~FAILED
  }

  /** It has the role of the client. */
  protected get client(): boolean {
    return (this.bits & CLIENT) !== 0
  }

  protected set client(on: boolean) {
    this.bits = on ? this.bits | CLIENT : this.bits & ~CLIENT
  }

  /** `close` was called, even if its frame waits in the backlog. */
  protected get closeAsked(): boolean {
    return (this.bits & CLOSE_ASKED) !== 0
  }

  protected set closeAsked(on: boolean) {
    this.bits = on ? this.bits | CLOSE_ASKED : this.bits & ~CLOSE_ASKED
  }

  /** A fragmented message was begun by `send` and not ended yet, even if its frames wait in the backlog. */
  protected get unfinished(): boolean {
    return (this.bits & UNFINISHED) !== 0
  }

  protected set unfinished(on: boolean) {
    this.bits = on ? this.bits | UNFINISHED : this.bits & ~UNFINISHED
  }

  /** Its first fragment was dropped, so the others are. */
  protected get skipping(): boolean {
    return (this.bits & SKIPPING) !== 0
  }

  protected set skipping(on: boolean) {
    this.bits = on ? this.bits | SKIPPING : this.bits & ~SKIPPING
  }

  /** The application stopped the reading. */
  protected get paused(): boolean {
    return (this.bits & PAUSED) !== 0
  }

  protected set paused(on: boolean) {
    this.bits = on ? this.bits | PAUSED : this.bits & ~PAUSED
  }

  /** A compression that does not keep up stopped it. */
  protected get held(): boolean {
    return (this.bits & HELD) !== 0
  }

  protected set held(on: boolean) {
    this.bits = on ? this.bits | HELD : this.bits & ~HELD
  }

  /** Something came since the last look of the heartbeat. */
  protected get heard(): boolean {
    return (this.bits & HEARD) !== 0
  }

  protected set heard(on: boolean) {
    this.bits = on ? this.bits | HEARD : this.bits & ~HEARD
  }

  /** Our ping is out, and nothing has come since. */
  protected get pinged(): boolean {
    return (this.bits & PINGED) !== 0
  }

  protected set pinged(on: boolean) {
    this.bits = on ? this.bits | PINGED : this.bits & ~PINGED
  }

  /** A message has ended in this read. */
  protected get delivered(): boolean {
    return (this.bits & DELIVERED) !== 0
  }

  protected set delivered(on: boolean) {
    this.bits = on ? this.bits | DELIVERED : this.bits & ~DELIVERED
  }
}
