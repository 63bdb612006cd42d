// What ends a session by time alone: a client that does not say who it is, one that says nothing any more or reads nothing, a
// token that ends. It sends only what asks for a sign of life, or for a new token.

import type { DisconnectName, Push, Timer } from '@tautline/wire'
import type { Node } from '../node.ts'
import { HIGH_MARK, type Outbox } from './outbox.ts'

/** ms before the end of a token at which the client is asked for a new one. */
const REFRESH_AHEAD = 30_000

/** A session as time sees it. */
export interface Mortal {
  readonly node: Node
  readonly outbox: Outbox
  /** The server's time as the client knows it. */
  time(): number
  /** Is it known who it is? */
  readonly isOpen: boolean
  /** Is nothing heard of it because nobody listens? */
  readonly isHeld: boolean
  push(push: Push): void
  /** Ahead of everything that waits. */
  overtake(push: Push): void
  bye(name: DisconnectName): void
}

/** One per session. */
export class Lifetime {
  private readonly session: Mortal
  private readonly greeting: Timer
  /** Looks since something was sent, and since something was heard. */
  private quietLooks = 0
  private silentLooks = 0
  private heardSomething = false
  /** End of the token, ms since 1970, or Infinity. */
  private expires: number = Number.POSITIVE_INFINITY
  private askedForToken = false

  constructor(session: Mortal) {
    this.session = session
    const { clock, admission } = session.node
    this.greeting = clock.setTimer(() => session.bye('connect-timeout'), admission.settings.handshakeTimeout)
  }

  /** The client said who it is, or it is gone. */
  greeted(): void {
    this.session.node.clock.clearTimer(this.greeting)
  }

  heard(): void {
    this.heardSomething = true
  }

  setExpiry(expires: number | undefined): void {
    this.expires = expires ?? Number.POSITIVE_INFINITY
    this.askedForToken = false
  }

  /** One look of the heartbeat. */
  look(mostQuiet: number, mostSilent: number): void {
    const { session } = this
    this.silentLooks = this.heardSomething || session.isHeld ? 0 : this.silentLooks + 1
    this.heardSomething = false
    if (this.silentLooks >= mostSilent) return session.bye('no-heartbeat')
    this.quietLooks = session.outbox.sentSomething ? 0 : this.quietLooks + 1
    session.outbox.sentSomething = false
    if (this.readsTooLittle()) return session.bye('slow')
    if (!session.isOpen) return
    const now = session.node.clock.wall()
    // Who only listens to a busy channel says nothing unasked: silence on either side asks for a sign of life.
    const silent = this.silentLooks > 0 && this.silentLooks % mostQuiet === 0
    if (silent || this.quietLooks >= mostQuiet) session.overtake({ ev: 'ping', time: session.time() })
    this.watchToken(now)
  }

  /** What waits is too old; or the process is short of memory, and this connection has more of it than its share. */
  private readsTooLittle(): boolean {
    const { node, outbox } = this.session
    const { admission } = node
    if (outbox.age > admission.settings.outboxAge) admission.count('outbox age')
    else if (outbox.age > 0 && admission.isShort && outbox.heldBytes > HIGH_MARK) admission.count('outbox memory')
    else return false
    return true
  }

  private watchToken(now: number): void {
    if (now >= this.expires) return this.session.bye('token-expired')
    if (this.askedForToken || this.expires - now > REFRESH_AHEAD) return
    this.askedForToken = true
    this.session.push({ ev: 'refresh', within: Math.round(this.expires - now) })
  }
}
