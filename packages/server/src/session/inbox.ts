// What a client sends, taken apart: frames to messages, messages to commands whose numbers increase, never more of them at
// a time than the others can wait for. It obeys none of them.

import {
  type Command,
  type Decoded,
  type DisconnectName,
  frameLimits,
  type RealtimeError,
  readCommand,
  WireError,
} from '@tautline/wire'
import type { Link } from '../link.ts'
import type { Node } from '../node.ts'

/** Messages of one client that are dealt with before others get their turn of the loop: Node reads 2 MiB at once. */
const AT_ONCE = 128

/** Who obeys. */
export interface Obedient {
  readonly node: Node
  readonly link: Link
  readonly isClosed: boolean
  /** Is `connect` being decided? What comes meanwhile waits. */
  readonly isConnecting: boolean
  take(command: Command): void
  /** A command with a field that is missing or wrong. */
  refuseUnread(id: number, op: unknown, error: RealtimeError): void
  bye(name: DisconnectName, text?: string): void
}

/** One per session. */
export class Inbox {
  private readonly session: Obedient
  private lastId = 0
  /** Messages since the link was last given a rest. */
  private handled = 0
  /** Commands that came with or behind `connect`, until that is decided. Bounded: the link is paused. */
  private early: Decoded[] = []

  constructor(session: Obedient) {
    this.session = session
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
      return this.session.bye(name, error instanceof WireError ? error.message : undefined)
    }
    for (const message of messages) this.message(message)
    this.giveWay(messages.length)
  }

  /** `connect` is decided: what came behind it is dealt with. */
  goOn(): void {
    const { early } = this
    this.early = []
    for (const message of early) this.message(message)
    this.session.link.resume()
  }

  /** Nothing of what waits is wanted any more. */
  clear(): void {
    this.early = []
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
    if (read.error === undefined) session.take(read.command as Command)
    else session.refuseUnread(id, (message.value as { op?: unknown }).op, read.error)
  }

  /** Whoever floods waits for the others, and the network holds the flood back. */
  private giveWay(messages: number): void {
    const { session } = this
    this.handled += messages
    if (this.handled < AT_ONCE || session.isConnecting || session.isClosed) return
    this.handled = 0
    session.link.pause()
    session.node.clock.defer(() => {
      if (!session.isConnecting && !session.isClosed) session.link.resume()
    })
  }
}
