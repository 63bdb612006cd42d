// A connection's publishes: rights and hooks in the order of arrival, then one lane per channel, then the appender, which
// the whole node shares (tautline.v1 §7).

import { type Body, type PublishCommand, type Published, RealtimeError } from '@tautline/wire'
import { aborted, Lane } from '../publishing/lane.ts'
import { publish } from '../publishing/publish.ts'
import { isReviewed, type Reviewed, review } from '../publishing/review.ts'
import type { Rule } from '../rules/rules.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Session } from './session.ts'

/** Lanes a connection may have at once: those with something under way, and those that are broken. */
const LANES = 1_024

type Command = PublishCommand & { readonly id: number }

/** A publish that is not answered yet. */
interface Pending {
  readonly command: Command
  /** Counts the publishes of the connection. */
  readonly arrival: number
  outcome: Published | RealtimeError | null
}

interface OpenLane {
  readonly lane: Lane
  /** In the order of arrival, which is that of the answers. */
  readonly pending: Pending[]
}

export class Publishes {
  private readonly session: Session
  private readonly lanes: Map<string, OpenLane> = new Map()
  private readonly rate: TokenBucket
  private arrivals = 0

  constructor(session: Session) {
    const { clock, limits } = session.node
    this.session = session
    this.rate = new TokenBucket(clock, { rate: limits.publishRate, burst: limits.publishRate })
  }

  publish(command: Command): void {
    const open = this.open(command.ch)
    if (open === null) {
      return this.session.refuse(command.id, new RealtimeError('limit', 'publishes to too many channels failed'))
    }
    const pending: Pending = { command, arrival: ++this.arrivals, outcome: null }
    open.pending.push(pending)
    const wait = this.rate.take()
    if (wait > 0) this.session.node.admission.count('publish rate')
    this.session.attachments.serial.run(command.ch, () => {
      if (wait === 0) return this.decide(open, pending)
      this.settle(open, pending, new RealtimeError('rate', 'too many publications', { after: wait }))
    })
  }

  /** A publish that was turned away before its turn: what follows in its lane must not overtake it. */
  refused(command: Command, error: RealtimeError): void {
    this.open(command.ch)?.lane.failed(command.lane, ++this.arrivals, error.retry)
  }

  private open(channel: string): OpenLane | null {
    const known = this.lanes.get(channel)
    if (known !== undefined) return known
    if (this.lanes.size >= LANES) return null
    const open = { lane: new Lane(), pending: [] }
    this.lanes.set(channel, open)
    return open
  }

  private decide(open: OpenLane, pending: Pending): Promise<void> | void {
    const { command } = pending
    if (this.session.isClosed) return
    if (isAborted(open, pending)) return this.settle(open, pending, aborted())
    try {
      const rule = this.session.access.allowed('publish', command.ch)
      if (rule instanceof Promise) return this.decideLater(open, pending, rule)
      const reviewed = this.reviewed(command)
      if (reviewed instanceof Promise) return this.decideLater(open, pending, rule, reviewed)
      this.store(open, pending, rule, reviewed)
    } catch (error) {
      this.settle(open, pending, this.session.failureOf(error))
    }
  }

  private async decideLater(
    open: OpenLane,
    pending: Pending,
    asked: Rule | Promise<Rule>,
    under?: Promise<Reviewed>,
  ): Promise<void> {
    try {
      await asked
      const reviewed = await (under ?? this.reviewed(pending.command))
      if (this.session.isClosed) return
      // The right may have been lost while the message was checked.
      const rule = await this.session.access.allowed('publish', pending.command.ch)
      if (this.session.isClosed) return
      // While somebody thought, an earlier one of the lane may have failed.
      if (isAborted(open, pending)) return this.settle(open, pending, aborted())
      this.store(open, pending, rule, reviewed)
    } catch (error) {
      if (!this.session.isClosed) this.settle(open, pending, this.session.failureOf(error))
    }
  }

  /** What the contract and the application make of it; a promise only where one of them takes its time. */
  private reviewed(command: Command): Reviewed | Promise<Reviewed> {
    const { node } = this.session
    const body = bodyOf(command)
    return isReviewed(node) ? review(node, this.session.who, command.ch, body) : { body }
  }

  private store(open: OpenLane, pending: Pending, rule: Rule, reviewed: Reviewed): void {
    const { command } = pending
    const { node, user, peer, client, access } = this.session
    const { round } = access
    const { ch: channel, key, since, state } = command
    const showsUser = user !== undefined && (rule.from === 'user' || rule.from === 'both')
    const showsPeer = rule.from === 'peer' || rule.from === 'both'
    const from = { ...(showsUser ? { user } : null), ...(showsPeer ? { peer } : null) }
    publish(
      node,
      {
        channel,
        rule,
        ...reviewed,
        key,
        age: this.session.time() - since,
        state,
        isAborted: () => this.session.isVoid || isAborted(open, pending) || this.isLost(channel, round),
        scope: user === undefined ? `client ${client}` : `user ${user}`,
        from: showsUser || showsPeer ? from : undefined,
      },
      (outcome) => this.settle(open, pending, outcome),
    )
  }

  /** Is the right gone since that round? Where a hook has to be asked first, what it said before holds. */
  private isLost(channel: string, round: number): boolean {
    const { access } = this.session
    if (access.round === round) return false
    try {
      const right = access.right('publish', channel)
      if (right instanceof Promise) right.catch(() => {})
      return false
    } catch {
      return true
    }
  }

  /** "Publishes of a lane are decided, stored and answered in order": whatever is known early waits for those before it. */
  private settle(open: OpenLane, settled: Pending, outcome: Published | RealtimeError): void {
    settled.outcome = outcome
    if (outcome instanceof RealtimeError) open.lane.failed(settled.command.lane, settled.arrival, outcome.retry)
    if (this.session.isClosed) return
    for (let first = open.pending[0]; first !== undefined && first.outcome !== null; first = open.pending[0]) {
      open.pending.shift()
      const { command, outcome } = first
      if (outcome instanceof RealtimeError) this.session.refuse(command.id, outcome)
      else this.session.reply(command.id, outcome)
    }
    // A lane that works needs no memory: the next publish opens it anew.
    if (open.pending.length === 0 && open.lane.isPast(settled.command.lane)) this.lanes.delete(settled.command.ch)
  }
}

function isAborted({ lane }: OpenLane, { command, arrival }: Pending): boolean {
  return lane.isBroken(command.lane, arrival)
}

function bodyOf(command: PublishCommand): Body {
  return command.bytes === undefined ? { data: command.data } : { bytes: command.bytes }
}
