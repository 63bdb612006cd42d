// What a client sends, taken apart: frames to messages, messages to commands whose numbers increase, never more of them at
// a time than the others can wait for, and no faster than admission allows. It obeys none of them.

import {
  type Command,
  type Decoded,
  type DisconnectName,
  frameLimits,
  RealtimeError,
  readCommand,
  type Timer,
  WireError,
} from '@tautline/wire'
import { type Refused, Throttle } from '../admission/throttle.ts'
import type { Link, LinkRequest } from '../link.ts'
import type { Counter } from '../metrics.ts'
import type { Node } from '../node.ts'

/** Messages of one client that are dealt with before others get their turn of the loop: Node reads 2 MiB at once. */
const AT_ONCE = 128
/** RFC 6455 §7.4.1: "a message that violates its policy". */
const POLICY = 1008

/** Who obeys. */
export interface Obedient {
  readonly node: Node
  readonly link: Link
  readonly isClosed: boolean
  readonly request: LinkRequest
  /** Is `connect` being decided? What comes meanwhile waits. */
  readonly isConnecting: boolean
  take(command: Command): void
  /** A command with a field that is missing or wrong. */
  refuseUnread(id: number, op: unknown, error: RealtimeError): void
  /** A command that is not obeyed, whatever it says; undefined: one that could not be read. */
  turnAway(id: number, command: Command | undefined, error: RealtimeError): void
  bye(name: DisconnectName, text?: string): void
  disconnect(code: number, reason: string): void
}

/** One per session. */
export class Inbox {
  private readonly session: Obedient
  private lastId = 0
  /** Messages since the link was last given a rest. */
  private handled = 0
  /** Commands that came with or behind `connect`, until that is decided. Bounded: the link is paused. */
  private early: Decoded[] = []
  private readonly throttle: Throttle
  private readonly received: Counter
  /** The others have their turn. */
  private resting = false
  /** It sent faster than it may: until then nothing is read. */
  private held: Timer | null = null

  constructor(session: Obedient) {
    this.session = session
    const { clock, admission, metrics } = session.node
    this.throttle = new Throttle(clock, admission.pace)
    this.received = metrics.counter('tautline_received_bytes_total')
  }

  /** Is nothing heard of the client because nobody listens? */
  get isHeld(): boolean {
    return this.held !== null
  }

  frame(frame: string | Uint8Array): void {
    const { link, node } = this.session
    const { codec } = link
    // A transport that tells text from bytes must bring what the codec writes.
    if ((typeof frame === 'string') === codec.binary) {
      return this.session.bye('malformed', 'text and bytes are mixed up')
    }
    let messages: Decoded[]
    try {
      messages = codec.decode(frame, frameLimits(node.limits))
    } catch (error) {
      const name = error instanceof WireError && error.kind === 'too-large' ? 'too-large' : 'malformed'
      if (name === 'too-large') node.admission.count('frame')
      return this.session.bye(name, error instanceof WireError ? error.message : undefined)
    }
    for (const message of messages) this.message(message)
    this.giveWay(messages.length)
    this.holdBack(typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length)
  }

  /** An answer was as much work as several messages. */
  charge(items: number): void {
    this.throttle.charge(items)
  }

  /** Something that is no message, but costs as much: a ping of the transport. Over the rate it is only counted. */
  ping(): void {
    if (this.session.isClosed) return
    const refused = this.throttle.take(undefined)
    if (refused === null) return
    this.session.node.admission.count(refused.limit)
    if (this.throttle.isSpent) this.sendAway()
  }

  /** `connect` is decided: what came behind it is dealt with. */
  goOn(): void {
    const { early } = this
    this.early = []
    for (const message of early) this.message(message)
    this.goOnReading()
  }

  /** Nothing of what waits is wanted any more. */
  clear(): void {
    this.early = []
    if (this.held !== null) this.session.node.clock.clearTimer(this.held)
    this.held = null
  }

  private message(message: Decoded): void {
    const { session } = this
    if (session.isClosed) return
    if (session.isConnecting) {
      this.early.push(message)
      return
    }
    const read = readCommand(message, session.node.limits)
    if (read.malformed !== undefined) return session.bye('malformed', read.malformed)
    const id = read.command?.id ?? (read.id as number)
    if (read.command?.op !== 'pong') {
      // "A number that does not increase is 4300."
      if (id <= this.lastId) return session.bye('malformed', 'the ids of commands increase')
      this.lastId = id
    }
    const refused = this.throttle.take(read.command?.op)
    if (refused !== null) this.slowDown(id, read.command, refused)
    else if (read.error === undefined) session.take(read.command as Command)
    else session.refuseUnread(id, (message.value as { op?: unknown }).op, read.error)
  }

  /** Whoever does not listen to that is sent away. */
  private slowDown(id: number, command: Command | undefined, { limit, after }: Refused): void {
    const { session } = this
    session.node.admission.count(limit)
    if (this.throttle.isSpent) return this.sendAway()
    const error = new RealtimeError('rate', `the ${limit} of a connection is limited`, { after: Math.ceil(after) })
    session.turnAway(id, command, error)
  }

  /** Coming back to go on is no way out: it counts against the address. */
  private sendAway(): void {
    const { session } = this
    session.node.admission.failed(session.request.remoteAddress, session.request.headers)
    session.disconnect(POLICY, 'commands go on coming faster than they may')
  }

  /** Whoever floods waits for the others, and the network holds the flood back. */
  private giveWay(messages: number): void {
    const { session } = this
    this.handled += messages
    if (this.handled < AT_ONCE || session.isConnecting || session.isClosed) return
    this.handled = 0
    this.resting = true
    session.link.pause()
    session.node.clock.defer(() => {
      this.resting = false
      this.goOnReading()
    })
  }

  private holdBack(bytes: number): void {
    const { session } = this
    this.received.value += bytes
    const wait = this.throttle.read(bytes)
    if (wait === 0 || this.held !== null || session.isClosed) return
    session.node.admission.count('byte rate')
    session.link.pause()
    this.held = session.node.clock.setTimer(() => {
      this.held = null
      this.goOnReading()
    }, wait)
  }

  private goOnReading(): void {
    const { session } = this
    if (session.isConnecting || session.isClosed || this.resting || this.held !== null) return
    session.link.resume()
  }
}
