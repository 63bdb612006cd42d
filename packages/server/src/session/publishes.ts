// A connection's publishes: rights and hooks in the order of arrival, then one lane per channel, then the appender, which
// the whole node shares (tautline.v1 §7).

import { type Body, type PublishCommand, type Published, RealtimeError } from '@tautline/wire'
import { allowed } from '../access.ts'
import { within } from '../deadline.ts'
import { aborted, Lane } from '../publishing/lane.ts'
import { publish } from '../publishing/publish.ts'
import type { Rule } from '../rules/rules.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Session } from './session.ts'

/** ms a hook may take. */
const HOOK = 5_000
/** Lanes a connection may have at once: those with something under way, and those that are broken. */
const LANES = 1_024

type Command = PublishCommand & { readonly id: number }

interface OpenLane {
  readonly lane: Lane
  /** Publishes that are not answered yet. */
  underWay: number
}

export class Publishes {
  private readonly session: Session
  private readonly lanes: Map<string, OpenLane> = new Map()
  private readonly rate: TokenBucket

  constructor(session: Session) {
    const { clock, limits } = session.node
    this.session = session
    this.rate = new TokenBucket(clock, { rate: limits.publishRate, burst: limits.publishRate })
  }

  publish(command: Command): void {
    const open = this.lanes.get(command.ch) ?? { lane: new Lane(), underWay: 0 }
    if (open.underWay === 0) {
      if (this.lanes.size >= LANES && !this.lanes.has(command.ch)) {
        return this.session.refuse(command.id, new RealtimeError('limit', 'publishes to too many channels failed'))
      }
      this.lanes.set(command.ch, open)
    }
    open.underWay++
    const wait = this.rate.take()
    if (wait > 0) {
      const error = new RealtimeError('rate', 'too many publications', { after: wait })
      return this.settle(command, open, error)
    }
    this.session.attachments.serial.run(command.ch, () => this.decide(command, open))
  }

  /** A publish that was turned away before its turn: what follows in its lane must not overtake it. */
  refused(command: Command, error: RealtimeError): void {
    const open = this.lanes.get(command.ch) ?? { lane: new Lane(), underWay: 0 }
    if (this.lanes.size < LANES) this.lanes.set(command.ch, open)
    open.lane.failed(command.lane, error.retry)
  }

  private decide(command: Command, open: OpenLane): Promise<void> | void {
    if (this.session.isClosed) return
    if (open.lane.isBroken(command.lane)) return this.settle(command, open, aborted())
    try {
      const rule = allowed(this.session.node, this.session.who, 'publish', command.ch)
      if (!(rule instanceof Promise) && this.session.node.hooks.publish === null) {
        return this.store(command, open, rule, bodyOf(command))
      }
      return this.decideLater(command, open, rule)
    } catch (error) {
      this.settle(command, open, error)
    }
  }

  private async decideLater(command: Command, open: OpenLane, asked: Rule | Promise<Rule>): Promise<void> {
    try {
      const rule = await asked
      const body = await this.reviewed(command)
      if (this.session.isClosed) return
      // While the hook thought, an earlier one of the lane may have failed.
      if (open.lane.isBroken(command.lane)) return this.settle(command, open, aborted())
      this.store(command, open, rule, body)
    } catch (error) {
      if (!this.session.isClosed) this.settle(command, open, error)
    }
  }

  /** What the application makes of it. */
  private async reviewed(command: Command): Promise<Body> {
    const { node, who } = this.session
    const body = bodyOf(command)
    if (node.hooks.publish === null) return body
    const asked = node.hooks.publish(who, command.ch, body.bytes ?? body.data)
    const said = await within(node.clock, Promise.resolve(asked), HOOK, 'the check of the message')
    if (said === undefined) return body
    return said instanceof Uint8Array ? { bytes: said } : { data: said }
  }

  private store(command: Command, open: OpenLane, rule: Rule, body: Body): void {
    const { node, user, peer, client } = this.session
    const { ch: channel, key, since, state, lane: number } = command
    const showsUser = user !== undefined && (rule.from === 'user' || rule.from === 'both')
    const showsPeer = rule.from === 'peer' || rule.from === 'both'
    const from = { ...(showsUser ? { user } : null), ...(showsPeer ? { peer } : null) }
    publish(
      node,
      {
        channel,
        rule,
        body,
        key,
        since,
        state,
        number,
        lane: open.lane,
        scope: user === undefined ? `client ${client}` : `user ${user}`,
        from: showsUser || showsPeer ? from : undefined,
      },
      (outcome) => this.settle(command, open, outcome),
    )
  }

  private settle(command: Command, open: OpenLane, outcome: Published | unknown): void {
    open.underWay--
    const failed = outcome instanceof Error
    if (failed) open.lane.failed(command.lane, outcome instanceof RealtimeError ? outcome.retry : 'later')
    // A lane that works needs no memory: the next publish opens it anew.
    else if (open.underWay === 0 && this.lanes.get(command.ch) === open) this.lanes.delete(command.ch)
    if (this.session.isClosed) return
    if (failed) this.session.refuse(command.id, outcome)
    else this.session.reply(command.id, outcome as Published)
  }
}

function bodyOf(command: PublishCommand): Body {
  return command.bytes === undefined ? { data: command.data } : { bytes: command.bytes }
}
