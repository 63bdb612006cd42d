// Who may do what: the rule of the channel, then the application's hook, then what the rule asks for. Rights are checked
// on every path and never inferred: holding a position, a key or a subscription grants nothing. Each question is decided
// once; the answer holds until the client brings another token, or the rules change.

import { isPattern, RealtimeError } from '@tautline/wire'
import { rightsProblem } from '../arguments.ts'
import { within } from '../deadline.ts'
import type { Node } from '../node.ts'
import type { Action, Grant, TokenRight, Who } from '../options.ts'
import { tokenProblem } from '../revocation/revocation.ts'
import type { Requirement } from '../rules/allow.ts'
import type { Rule } from '../rules/rules.ts'
import { ChannelTokens, type TokenIndex } from './channel-tokens.ts'
import { fulfils, isOwner, type Wish } from './fulfils.ts'

/** ms a hook may take. */
const HOOK = 5_000
/** Decisions that are kept. Names come from peers: the oldest makes room. */
const KEPT = 1_024

const NOTHING: Grant = Object.freeze({})

/** What was decided. A refusal is kept like a yes. */
interface Decision {
  readonly outcome: Rule | RealtimeError
  /** ms since 1970: it came with a token that ends then. */
  readonly until: number
}

/** A yes. */
export interface Allowed {
  readonly rule: Rule
  /** ms since 1970 at which the token ends that alone allows it; Infinity: nothing ends. */
  readonly until: number
}

/** Whose rights are asked for. */
export interface Asker extends TokenIndex {
  readonly node: Node
  readonly who: Who
  /** What an error of a hook is for the peer. */
  failureOf(error: unknown): RealtimeError
}

/** The rights of one connection. */
export class Access {
  private readonly asker: Asker
  private grant: Grant = NOTHING
  /** Counts how often everything was forgotten. What was decided in another round holds no more. */
  round = 0
  /** By action and channel; a promise while it is being decided. */
  private readonly decisions: Map<string, Decision | Promise<Decision>> = new Map()
  /** null: it has brought none. */
  private tokens: ChannelTokens | null = null

  constructor(asker: Asker) {
    this.asker = asker
  }

  /** A token for a channel is void: what it alone allowed is not allowed any more. */
  revoke(token: string): void {
    this.tokens?.revoke(token, this.now())
    this.forget()
  }

  /** Another token: nothing that was decided holds any more. */
  renew(grant: Grant): void {
    this.grant = grant
    this.forget()
  }

  /** The rules are others now. */
  forget(): void {
    this.round++
    this.decisions.clear()
  }

  /**
   * The rule under which this client may do something with a channel.
   *
   * @param token for the channel, if it brought one: it is read afresh
   * @returns a promise only where somebody has to be asked
   * @throws RealtimeError `forbidden`, `unsupported`, `unavailable`, and for a token `unauthorized`, `token-expired` …
   */
  allowed(action: Action, channel: string, token?: string): Rule | Promise<Rule> {
    const right = this.right(action, channel, token)
    return right instanceof Promise ? right.then(({ rule }) => rule) : right.rule
  }

  /** As `allowed`, and until when. */
  right(action: Action, channel: string, token?: string): Allowed | Promise<Allowed> {
    const { round } = this
    // While somebody thought, all that is known may have been forgotten: what comes of it then is of the past.
    const outcome = (decision: Decision): Allowed | Promise<Allowed> =>
      this.round === round ? outcomeOf(decision) : this.right(action, channel, token)
    const key = `${action} ${channel}`
    const known = token === undefined ? this.decisions.get(key) : undefined
    if (known instanceof Promise) return known.then(outcome)
    if (known !== undefined && known.until > this.now()) return outcomeOf(known)
    const decided = this.decideSafely({ action, channel }, token)
    if (!(decided instanceof Promise)) {
      this.keep(key, decided)
      return outcomeOf(decided)
    }
    this.keep(key, decided)
    return decided.then((decision) => {
      // Only if nobody has forgotten it meanwhile.
      if (this.decisions.get(key) === decided) this.keep(key, decision)
      return outcome(decision)
    })
  }

  private now(): number {
    return this.asker.node.storeTime()
  }

  private keep(key: string, decision: Decision | Promise<Decision>): void {
    this.decisions.delete(key)
    // What may be otherwise in a moment is asked again.
    if (!(decision instanceof Promise) && decision.outcome instanceof RealtimeError && decision.outcome.retry !== 'no')
      return
    if (this.decisions.size >= KEPT) this.decisions.delete(this.decisions.keys().next().value as string)
    this.decisions.set(key, decision)
  }

  /** Never throws or rejects: a hook's refusal is a decision, its mistake is one for now. */
  private decideSafely(wish: Wish, token: string | undefined): Decision | Promise<Decision> {
    const failed = (error: unknown): Decision => ({
      outcome: this.asker.failureOf(error),
      until: Number.POSITIVE_INFINITY,
    })
    try {
      const decided = this.decide(wish, token)
      return decided instanceof Promise ? decided.catch(failed) : decided
    } catch (error) {
      return failed(error)
    }
  }

  private decide(wish: Wish, token: string | undefined): Decision | Promise<Decision> {
    const { node, who } = this.asker
    const pattern = isPattern(wish.channel) ? node.rules.forPattern(wish.channel) : null
    const rule = pattern?.rule ?? (isPattern(wish.channel) ? null : node.rules.for(wish.channel))
    if (rule === null) return no('no rule of this server covers the channel')
    const reached = pattern?.reached ?? [rule]
    const requirements = reached.map(({ allow }) => allow[wish.action])
    if (requirements.some((one) => one.length === 0)) return no(`the rules allow nobody to ${wish.action} here`)
    const impossible = impossibleWith(rule, wish.action)
    if (impossible !== null) return { outcome: impossible, until: Number.POSITIVE_INFINITY }
    if (!isOwner(rule, wish.channel, who.user)) return no('the channel is another user’s')
    const hook = node.hooks.authorize
    if (hook === null) return this.byRules(wish, rule, requirements, token)
    const said = hook(who, wish.action, wish.channel, token)
    // Any thenable, whatever made it.
    if (typeof said !== 'object') return this.byHook(said, wish, rule, requirements, token)
    return within(node.clock, Promise.resolve(said), HOOK, 'the decision about your rights').then((said) =>
      this.byHook(said, wish, rule, requirements, token),
    )
  }

  private byHook(
    said: boolean | undefined,
    wish: Wish,
    rule: Rule,
    requirements: readonly Requirement[],
    token: string | undefined,
  ): Decision | Promise<Decision> {
    if (said === undefined) return this.byRules(wish, rule, requirements, token)
    // Nobody is let in by mistake: only true is a yes.
    return said === true ? yes(rule) : no(`you may not ${wish.action} here`)
  }

  private byRules(
    wish: Wish,
    rule: Rule,
    requirements: readonly Requirement[],
    token: string | undefined,
  ): Decision | Promise<Decision> {
    const open = requirements.filter((any) => !any.some((one) => fulfils(this.grant, one, wish)))
    if (open.length === 0) return yes(rule)
    if (!open.every((any) => any.includes('token'))) return no(`you have no right to ${wish.action} here`)
    const { hooks, clock, revocations } = this.asker.node
    if (token === undefined || hooks.token === null) return this.byTokens(wish, rule)
    const { who } = this.asker
    const read = Promise.resolve(hooks.token(token, wish.channel, who))
    return within(clock, read, HOOK, 'the decision about your token').then(async (right) => {
      const problem = rightsProblem([right]) ?? tokenProblem(right.token)
      if (problem !== null) throw new Error(`onToken: ${problem}`)
      const its: Grant = {
        ...(who.user === undefined ? null : { user: who.user }),
        ...(right.token && { token: right.token }),
      }
      await revocations.ready(its)
      revocations.check(its)
      this.bring(right)
      return this.byTokens(wish, rule)
    })
  }

  private byTokens(wish: Wish, rule: Rule): Decision {
    const end = this.tokens?.endOf(wish, this.now()) ?? null
    return end === null ? no(`you have no right to ${wish.action} here`) : yes(rule, end)
  }

  /** What a token gives is used for the channel's other actions, too; what was refused for want of it is asked again. */
  private bring(right: TokenRight): void {
    this.tokens ??= new ChannelTokens(this.asker.node.limits.channels, this.asker)
    this.tokens.bring(right)
    for (const [key, decision] of this.decisions) {
      if (!(decision instanceof Promise) && decision.outcome instanceof RealtimeError) this.decisions.delete(key)
    }
  }
}

/** What the channels of a rule cannot do, whoever asks. */
function impossibleWith(rule: Rule, action: Action): RealtimeError | null {
  if (action === 'history' && rule.log === null) return new RealtimeError('unsupported', 'the channel has no log')
  if (action === 'presence' && !rule.presence) return new RealtimeError('unsupported', 'the channel has no presence')
  return null
}

function yes(rule: Rule, until: number = Number.POSITIVE_INFINITY): Decision {
  return { outcome: rule, until }
}

function no(text: string): Decision {
  return { outcome: new RealtimeError('forbidden', text, { field: 'ch' }), until: Number.POSITIVE_INFINITY }
}

function outcomeOf({ outcome, until }: Decision): Allowed {
  if (outcome instanceof RealtimeError) throw outcome
  return { rule: outcome, until }
}
