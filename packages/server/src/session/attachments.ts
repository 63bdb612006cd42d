// A connection's subscriptions: asked for, resumed, or made by the server. Each is decided afresh on every connection;
// what a client held before gives it no right.

import {
  type Codec,
  checkChannel,
  isPattern,
  matchesPattern,
  RealtimeError,
  type Sub,
  type SubscribeCommand,
  type Subscribed,
  type UnsubscribeCommand,
} from '@tautline/wire'
import { excluding, fewMembers, including } from '../few.ts'
import type { Hub } from '../hub/hub.ts'
import { LogHub } from '../hub/log-hub.ts'
import { PATTERN_LOST } from '../hub/pattern-hub.ts'
import type { Counter } from '../metrics.ts'
import type { Node } from '../node.ts'
import type { Rule } from '../rules/rules.ts'
import { appear } from './appearance.ts'
import { Ends } from './ends.ts'
import { Later } from './later.ts'
import type { Outbox } from './outbox.ts'
import { Replay } from './replay.ts'
import { Serial } from './serial.ts'
import type { Session } from './session.ts'
import { Subscription, type SubscriptionOwner, type SubscriptionTerms } from './subscription.ts'
import { rightTo, termsOf } from './terms.ts'

/** ms until the server tries again by itself. */
const AGAIN = 1_000

type Answer = (subscribed: Subscribed) => void

/** What was decided holds no more: it is decided again. */
const CHANGED = Symbol('rights have changed')

/** All subscriptions of one session, at most `limits.channels`. */
export class Attachments implements SubscriptionOwner {
  /** Commands of one channel run one after another. */
  readonly serial: Serial = new Serial()
  private readonly session: Session
  private readonly node: Node
  private readonly subscriptions: Map<string, Subscription> = new Map()
  /** Patterns among them: what they bring may come twice. */
  private patterns: ReadonlySet<Subscription> = fewMembers()
  /** Channels that are being decided on: they count like subscriptions. */
  private pending: ReadonlySet<string> = fewMembers()
  /** Subscriptions of the server that are not there yet, and still wanted. */
  private coming: ReadonlySet<{ readonly channel: string }> = fewMembers()
  /** When the tokens end that alone allow subscriptions. */
  private readonly ends: Ends
  /** Subscriptions of the server for which the store was out of reach: the client does not know of them yet. */
  private readonly later: Later

  constructor(session: Session) {
    this.session = session
    this.node = session.node
    this.ends = new Ends(session.node.expiries)
    this.later = new Later(session.node.clock)
  }

  get codec(): Codec {
    return this.session.codec
  }

  get outbox(): Outbox {
    return this.session.outbox
  }

  /** Channels and patterns that this session is subscribed to. */
  get size(): number {
    return this.subscriptions.size
  }

  get deliveries(): Counter {
    return this.node.deliveries
  }

  subscribe(command: SubscribeCommand & { readonly id: number }): void {
    const { id } = command
    this.serial.run(command.ch, async () => {
      if (this.session.isClosed) return
      try {
        // Who is attached already begins anew: so a client whose chain is broken repairs it. Its presence does not flicker.
        this.leave(command.ch, false)
        await this.attach(command, null, (subscribed) => this.session.reply(id, subscribed))
      } catch (error) {
        if (!this.session.isClosed) this.session.refuse(id, error)
      }
    })
  }

  unsubscribe(command: UnsubscribeCommand & { readonly id: number }): void {
    this.serial.run(command.ch, () => {
      if (this.session.isClosed) return
      this.leave(command.ch)
      this.session.reply(command.id, {})
    })
  }

  /** What the client had before, in its order, and what the server gives it. Each is answered by a push of its own. */
  resume(subs: readonly Sub[], serverSide: readonly string[]): void {
    const granted = new Set(serverSide.filter((channel) => this.isChannel(channel)))
    for (const sub of subs) {
      const isServerSide = granted.delete(sub.ch)
      if (isServerSide) this.attachAndPush(sub, true)
      else if (sub.server === true) {
        const error = new RealtimeError('not-found', 'the server does not subscribe you to this channel any more')
        this.session.push({ ev: 'unsub', ch: sub.ch, error: error.toFailure() })
      } else this.attachAndPush(sub, false)
    }
    for (const channel of granted) this.addServerSide(channel)
  }

  /** The server subscribes this client: no right is asked, the rule holds. */
  addServerSide(channel: string): void {
    if (this.isChannel(channel)) this.attachAndPush({ ch: channel, from: 'head' }, true)
  }

  /** The application ends a subscription, whoever made it. Whether the client may subscribe again is asked afresh. */
  dismiss(channel: string): void {
    this.session.access.forget()
    this.removeServerSide(channel)
  }

  /** In this turn what is there, and in its turn what is on its way: nobody may put it off with what is under way. */
  private removeServerSide(channel: string): void {
    for (const one of this.coming) if (one.channel === channel) this.coming = excluding(this.coming, one)
    const end = (): void => {
      if (this.leave(channel)) this.endedByServer(channel)
    }
    if (this.later.has(channel) || this.subscriptions.get(channel)?.isAnswered === true) end()
    this.serial.run(channel, end)
  }

  private endedByServer(channel: string): void {
    const error = new RealtimeError('forbidden', 'the server ended the subscription')
    this.session.push({ ev: 'unsub', ch: channel, error: error.toFailure() })
  }

  /**
   * Another token, or other rules: each subscription is decided afresh. What is allowed still goes on undisturbed.
   *
   * @param serverSide what the server gives this client now; left out: as before
   */
  decideAgain(serverSide?: readonly string[]): void {
    const granted = serverSide === undefined ? null : new Set(serverSide)
    for (const { channel } of this.coming) if (granted?.has(channel) === false) this.removeServerSide(channel)
    for (const subscription of Array.from(this.subscriptions.values())) {
      const { channel, terms } = subscription
      if (terms.server && granted !== null && !granted.delete(channel)) this.removeServerSide(channel)
      // At once, whatever is under way. What is not answered yet is decided again before it is.
      else if (subscription.isAnswered) void this.decideOn(subscription)
    }
    for (const channel of this.later.channels) if (granted?.has(channel) === false) this.later.forget(channel)
    for (const channel of granted ?? []) this.addServerSide(channel)
  }

  end(clean: boolean): void {
    for (const channel of this.later.channels) this.later.forget(channel)
    // They inherit nothing any more.
    this.patterns = fewMembers()
    for (const channel of Array.from(this.subscriptions.keys())) this.detach(channel, clean)
  }

  /** @inheritDoc */
  coveredElsewhere(channel: string, pattern: Subscription): boolean {
    if (this.subscriptions.get(channel)?.isAnswered === true) return true
    if (this.patterns.size < 2) return false
    // Of several patterns that match, the first one brings it.
    for (const other of this.patterns) {
      if (other === pattern) return false
      if (other.state === 'live' && matchesPattern(other.channel, channel)) return true
    }
    return false
  }

  /** @inheritDoc */
  fellBehind(subscription: Subscription): void {
    void this.replay(subscription, null).run()
  }

  /** @inheritDoc */
  tooSlow(): void {
    this.session.bye('slow')
  }

  private async decideOn(subscription: Subscription): Promise<void> {
    const { channel, terms, unwatch } = subscription
    const { access } = this.session
    const isThere = (): boolean => !this.session.isClosed && this.subscriptions.get(channel) === subscription
    // What the server wants is no question; what its client is told of others is.
    if (terms.server && unwatch === null) return
    const { round } = access
    try {
      const { rule, until, watches } = await rightTo(
        this.session,
        { ch: channel, presence: unwatch !== null },
        terms.server,
      )
      if (!isThere()) return
      if (access.round !== round) return this.decideOn(subscription)
      if (!watches) subscription.stopWatching()
      if (terms.server) return
      // A log cannot begin or end under a subscription: the client comes again, and finds what is there now.
      if ((rule.log === null) !== (terms.rule.log === null)) throw new RealtimeError('unavailable')
      this.endAt(channel, until)
    } catch (error) {
      // Who cannot be asked has not said yes: the client comes again if that may change.
      const known = this.session.failureOf(error)
      if (!isThere()) return
      if (terms.server) return subscription.stopWatching()
      this.leave(channel)
      this.session.push({ ev: 'unsub', ch: channel, error: known.toFailure() })
    }
  }

  /** What an application names itself may be wrong too: it is told. */
  private isChannel(channel: string): boolean {
    const problem = checkChannel(channel)
    if (problem !== null) this.node.log('server-side subscription refused', { channel, problem })
    return problem === null
  }

  /** Ends a subscription that others may inherit from: what it had not given yet, patterns had left to it. */
  private leave(channel: string, clean = true): boolean {
    const subscription = this.subscriptions.get(channel)
    if (subscription === undefined) return this.later.forget(channel)
    const heirs = [...this.patterns].filter((pattern) => pattern !== subscription && pattern.overlaps(channel))
    for (const one of heirs.length > 0 ? [subscription, ...heirs] : []) one.hub.fanOut.flush()
    const missed = heirs.filter((pattern) => pattern.misses(subscription))
    this.detach(channel, clean)
    for (const pattern of missed) pattern.hubLost(PATTERN_LOST, null)
    return true
  }

  private attachAndPush(sub: Sub, server: boolean): void {
    const ticket = server ? { channel: sub.ch } : null
    if (ticket !== null) this.coming = including(this.coming, ticket)
    this.serial.run(sub.ch, async () => {
      try {
        await this.attachComing(sub, ticket)
      } finally {
        if (ticket !== null) this.coming = excluding(this.coming, ticket)
      }
    })
  }

  private async attachComing(sub: Sub, ticket: { readonly channel: string } | null): Promise<void> {
    const server = ticket !== null
    if (this.session.isClosed || this.subscriptions.has(sub.ch)) return
    // It is tried again by itself, from where the client is.
    if (this.later.has(sub.ch)) return
    try {
      await this.attach(sub, ticket, (subscribed) => this.session.push({ ev: 'sub', ...subscribed }))
    } catch (error) {
      if (this.session.isClosed) return
      const known = this.session.failureOf(error)
      // The server wants it: it is not the client that has to try again.
      if (server && known.temporary && this.coming.has(ticket))
        this.later.set(sub.ch, known.after ?? AGAIN, () => this.attachAndPush(sub, true))
      else this.session.push({ ev: 'unsub', ch: sub.ch, error: known.toFailure() })
    }
  }

  /** @param ticket of a subscription of the server; null: the client asks for it, and needs the right to */
  private async attach(sub: Sub, ticket: { readonly channel: string } | null, answer: Answer): Promise<void> {
    const { session, node } = this
    if (this.subscriptions.size + this.pending.size >= node.limits.channels) {
      node.admission.count('subscriptions')
      throw new RealtimeError('limit', `a connection has at most ${node.limits.channels} subscriptions`)
    }
    this.pending = including(this.pending, sub.ch)
    try {
      for (let isDone = false; !isDone && !session.isClosed; ) {
        if (ticket !== null && !this.coming.has(ticket)) return this.endedByServer(sub.ch)
        isDone = await this.attachOnce(sub, ticket !== null, answer)
      }
    } catch (error) {
      // What was begun and never answered leaves no trace; `detach` gives the hub back.
      this.detach(sub.ch, true)
      throw error
    } finally {
      this.pending = excluding(this.pending, sub.ch)
    }
  }

  /** @returns false: what was decided was of the past when it could be answered */
  private async attachOnce(sub: Sub, server: boolean, answer: Answer): Promise<boolean> {
    const { session, node } = this
    const { access } = session
    const { round } = access
    const { rule, until, watches } = await rightTo(session, sub, server)
    if (session.isClosed) return true
    const terms = termsOf(sub, rule, server)
    const hub = await node.hubs.acquire(sub.ch, rule)
    if (session.isClosed || access.round !== round) {
      node.hubs.release(hub)
      return session.isClosed
    }
    const subscription = this.add(hub, terms)
    try {
      await this.start(subscription, sub, (subscribed) => {
        // Nothing is given by what was decided before.
        if (access.round !== round) throw CHANGED
        for (const pattern of this.patterns) pattern.leaveTo(sub.ch, subscribed.start)
        subscription.isAnswered = true
        answer(subscribed)
        appear(session, subscription, watches)
        // Behind the answer: a client could not tell the end of what it was not answered yet.
        if (this.subscriptions.get(sub.ch) === subscription) this.endAt(sub.ch, until)
      })
      return true
    } catch (error) {
      if (error !== CHANGED) throw error
      this.detach(sub.ch, true)
      this.pending = including(this.pending, sub.ch)
      return false
    }
  }

  /** Ends a subscription when its token does: in that turn, whatever else is under way. The client comes with another. */
  private endAt(channel: string, end: number): void {
    this.ends.set(channel, end - this.node.storeTime(), () => {
      this.leave(channel)
      const error = new RealtimeError('token-expired', 'the token for the channel has expired')
      this.session.push({ ev: 'unsub', ch: channel, error: error.toFailure() })
    })
  }

  private add(hub: Hub, terms: SubscriptionTerms): Subscription {
    const { channel } = terms
    const pattern = isPattern(channel)
    const subscription = new Subscription(this, hub, terms, pattern)
    // From here on it counts by itself.
    this.pending = excluding(this.pending, channel)
    this.subscriptions.set(channel, subscription)
    if (pattern) this.patterns = including(this.patterns, subscription)
    return subscription
  }

  /** From the answer on the subscription goes its own way. */
  private async start(subscription: Subscription, sub: Sub, answered: Answer): Promise<void> {
    const { hub, terms } = subscription
    if (hub instanceof LogHub) {
      await this.replay(subscription, terms.rule.recovery).begin(sub.from, answered)
    } else {
      const mode = isPattern(sub.ch) ? 'pattern' : 'ephemeral'
      answered({ ch: sub.ch, mode, outcome: 'fresh', start: null, head: null })
      subscription.join(null)
    }
  }

  private replay(subscription: Subscription, budget: Rule['recovery'] | null): Replay {
    const { node } = this
    const dense = node.broker.facts().offsets === 'dense'
    const context = { reads: node.hubs.reads, clock: node.clock, outbox: this.outbox, dense }
    return new Replay(context, subscription, subscription.hub as LogHub, budget)
  }

  private detach(channel: string, clean: boolean): boolean {
    const subscription = this.subscriptions.get(channel)
    if (subscription === undefined) return false
    this.subscriptions.delete(channel)
    this.patterns = excluding(this.patterns, subscription)
    for (const pattern of this.patterns) pattern.inherit(subscription)
    this.ends.forget(channel)
    subscription.end(clean)
    this.node.hubs.release(subscription.hub)
    return true
  }
}
