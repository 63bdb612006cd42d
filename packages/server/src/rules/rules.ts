// What holds for a channel: the rules of the configuration, by pattern. They are read and checked once, when the server is
// made; a look-up never fails. Who may do what beyond a rule is decided elsewhere.

import type { LogRule } from '@tautline/broker'
import { containsPattern, matchesPattern, moreSpecific, overlapPatterns, type Policy } from '@tautline/wire'
import type { Duration } from '../duration.ts'
import { type Allow, type AllowByAction, DEFAULT_ALLOW, type Requirements, readAllow } from './allow.ts'
import { readRules } from './read.ts'

/** How channels of one pattern behave. All fields may be left out. */
export interface ChannelRule {
  /** What is kept of the channel's log: at most `size` entries (100), each for `ttl` ('5m'). */
  readonly history?: { readonly size?: number; readonly ttl?: Duration }
  /** false: nothing is stored, messages are delivered at most once (typing, cursors). */
  readonly log?: false
  /** true: the server knows who is in the channel, and members may be listed. Default false. */
  readonly presence?: boolean
  /** true: subscribers that ask for it are told who comes and goes. Default: as `presence`, which it needs. */
  readonly joinLeave?: boolean
  /** What a slow subscriber gets that did not ask for a policy itself. Default 'lossless'; without log { drop: 100 }. */
  readonly policy?: Policy
  /**
   * Who may subscribe, publish, read the history, see who is there: one answer for all, or one by action. Default: the
   * server's `allow`; for a pattern with `$user` 'users', that is the user whose id stands there.
   */
  readonly allow?: AllowByAction
  /** What publications show of their publisher: the user, the peer (one connection's pseudonym), both, none. Default 'both'. */
  readonly from?: 'none' | 'user' | 'peer' | 'both'
  /**
   * What is compressed for connections that can (option `compression`). Default: what goes to all subscribers together, if
   * whoever may publish may also subscribe; else single publications. true: together, whoever may do what; say so only if
   * no publisher may learn less than a subscriber. false: nothing.
   */
  readonly compress?: boolean
  /** The most one recovery replays (10,000 entries, 8 MiB); a subscriber that missed more is told `lost`. */
  readonly recovery?: { readonly entries?: number; readonly bytes?: number }
}

/** A rule as it is in force: every field present, frozen. */
export interface Rule {
  /** A `$user` of the configuration is a `*` here. */
  readonly pattern: string
  /** null: the channels are ephemeral. */
  readonly log: LogRule | null
  readonly presence: boolean
  readonly joinLeave: boolean
  readonly policy: Policy
  readonly allow: Requirements
  /** Segments that must be the user's id (`$user`). */
  readonly owner: readonly number[]
  readonly from: 'none' | 'user' | 'peer' | 'both'
  /** null: `allow` decides. */
  readonly compress: boolean | null
  readonly recovery: { readonly entries: number; readonly bytes: number }
}

/** What is the same for all rules. */
export interface RuleSettings {
  /** The idempotency window of every log, ms. Default 5 min. */
  readonly window?: number
  /** For rules that do not say who may. Default ['rights', 'token']. */
  readonly allow?: Allow | undefined
}

/** What holds for a subscription to a pattern. */
export interface PatternRule {
  readonly rule: Rule
  /** Those of channels that the pattern reaches, the covering one among them: all of them have to allow it. */
  readonly reached: readonly Rule[]
}

/** Look-ups that are remembered. Names come from peers: without a bound they would fill the memory. */
const REMEMBERED = 4_096

/** All rules of a server, by pattern. */
export class Rules {
  /** The most specific first. */
  private readonly ordered: readonly Rule[]
  private readonly exact: ReadonlyMap<string, Rule>
  private readonly channels: Map<string, Rule | null> = new Map()
  private readonly patterns: Map<string, PatternRule | null> = new Map()
  /** Does anything here stand open to clients that are nobody? */
  readonly open: boolean

  /**
   * @param channels rules by pattern (or by the name of one channel). Left out: every channel is allowed, with the
   *   defaults. `{}` allows none.
   * @throws SettingError naming the key, the value and what to write instead
   */
  constructor(channels: Readonly<Record<string, ChannelRule>> | undefined, settings: RuleSettings = {}) {
    const { window = 300_000, allow } = settings
    const fallback = allow === undefined ? DEFAULT_ALLOW : readAllow('allow', allow)
    // Of two of one shape, that of the users is the more specific.
    this.ordered = readRules(channels ?? { '**': {} }, { window, allow: fallback }).sort(
      (a, b) => moreSpecific(a.pattern, b.pattern) || b.owner.length - a.owner.length,
    )
    this.exact = new Map(this.ordered.map((rule) => [rule.pattern, rule]))
    this.open = this.ordered.some(({ allow }) => Object.values(allow).some((one) => one.includes('everyone')))
  }

  /**
   * The rule of a channel: of the patterns that match, the most specific one. They are compared segment by segment from
   * the left, a literal before `*` before `**`: `chat:**` comes before `*:42`. Rules are not merged.
   *
   * @param channel a valid channel name
   * @returns null: no rule allows such a channel
   */
  for(channel: string): Rule | null {
    const known = this.exact.get(channel) ?? this.channels.get(channel)
    if (known !== undefined) return known
    const found = this.ordered.find((rule) => matchesPattern(rule.pattern, channel)) ?? null
    return remember(this.channels, channel, found)
  }

  /**
   * What holds for a subscription to a pattern: the rule is the most specific one that covers every channel the pattern
   * can match. Rules of `$user` are left out: their channels never come with a pattern (tautline.v1 §5.6).
   *
   * @param pattern a valid pattern
   * @returns null: no rule covers it
   */
  forPattern(pattern: string): PatternRule | null {
    const known = this.patterns.get(pattern)
    if (known !== undefined) return known
    const shared = this.ordered.filter((rule) => rule.owner.length === 0)
    const rule = shared.find((one) => containsPattern(one.pattern, pattern))
    if (rule === undefined) return remember(this.patterns, pattern, null)
    return remember(this.patterns, pattern, { rule, reached: shared.filter((one) => this.reaches(pattern, one, rule)) })
  }

  /** Does it belong to one user? Then no pattern brings it. */
  isOwned(channel: string): boolean {
    return (this.for(channel)?.owner.length ?? 0) > 0
  }

  /** Is there a channel of `pattern` for which `rule` is in force? A wider rule than the covering one never is. */
  private reaches(pattern: string, rule: Rule, covering: Rule): boolean {
    return moreSpecific(rule.pattern, covering.pattern) <= 0 && overlapPatterns(rule.pattern, pattern)
  }
}

/** The oldest look-up makes room: whoever invents names pushes out names, not the process. */
function remember<T>(known: Map<string, T>, name: string, rule: T): T {
  if (known.size >= REMEMBERED) known.delete(known.keys().next().value as string)
  known.set(name, rule)
  return rule
}
