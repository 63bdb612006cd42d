// What ends a session by time alone: a client that does not say who it is, one that says nothing any more or reads nothing, a
// token that ends. It sends only what asks for a sign of life, or for a new token.

import type { DisconnectName, Push, Timer } from '@tautline/wire'
import { TokenLife } from '../auth/token-life.ts'
import type { Node } from '../node.ts'
import { HIGH_MARK, type Outbox } from './outbox.ts'

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
  private greeting: Timer | null
  /** Looks since something was sent, and since something was heard. */
  private quietLooks = 0
  private silentLooks = 0
  private heardSomething = false
  /** null: it has brought none that ends. */
  private token: TokenLife | null = null

  constructor(session: Mortal) {
    this.session = session
    const { clock, admission } = session.node
    this.greeting = clock.setTimer(() => session.bye('connect-timeout'), admission.settings.handshakeTimeout)
  }

  /** The client said who it is, or it is gone. */
  greeted(): void {
    if (this.greeting !== null) this.session.node.clock.clearTimer(this.greeting)
    this.greeting = null
  }

  heard(): void {
    this.heardSomething = true
  }

  /** @param expires ms since 1970 */
  setExpiry(expires: number = Number.POSITIVE_INFINITY): void {
    const { session } = this
    if (this.token === null && expires === Number.POSITIVE_INFINITY) return
    this.token ??= new TokenLife(session.node.expiries, {
      ask: (within) => session.push({ ev: 'refresh', within }),
      end: () => session.bye('token-expired'),
    })
    this.token.begin(expires - session.node.storeTime())
  }

  /** There is nobody any more. */
  end(): void {
    this.greeted()
    this.token?.stop()
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
    // Who only listens to a busy channel says nothing unasked: silence on either side asks for a sign of life.
    const silent = this.silentLooks > 0 && this.silentLooks % mostQuiet === 0
    if (silent || this.quietLooks >= mostQuiet) session.overtake({ ev: 'ping', time: session.time() })
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
}
