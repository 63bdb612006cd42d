// The revocations that a node knows, by what they concern. In the order in which the log has them, oldest first, so that
// what is about to fall off its end is found at once. It knows no store.

import type { Grant } from '../options.ts'
import type { Revocation } from './revocation.ts'

interface Held {
  readonly revocation: Revocation
  /** Counts those that were news. */
  readonly news: number
  /** Counts the entries of the log as they came. */
  readonly arrival: number
  /** Was it in the log? In which reading of it from its start? */
  readonly round: number | null
}

export class Known {
  private readonly users: Map<string, Held> = new Map()
  private readonly tokens: Map<string, Held> = new Map()
  private arrivals = 0
  /** Revocations that were news. */
  news = 0
  private round = 0

  get size(): number {
    return this.users.size + this.tokens.size
  }

  /** @returns was it news? */
  add(revocation: Revocation, stored: boolean): boolean {
    if (stored) this.arrivals++
    // The name of a connection is never given again: there is nothing to remember.
    if (revocation.by === 'connection') return true
    const held = this.mapOf(revocation.by)
    const { name } = revocation
    const before = held.get(name)
    const isNews = before === undefined || before.revocation.at < revocation.at
    if (isNews) this.news++
    const merged = before === undefined ? revocation : later(before.revocation, revocation)
    held.delete(name)
    held.set(name, {
      revocation: merged,
      news: isNews ? this.news : before.news,
      arrival: stored ? this.arrivals : (before?.arrival ?? this.arrivals),
      round: stored ? this.round : (before?.round ?? null),
    })
    return isNews
  }

  /** Was a user revoked, not before `at`, and heard of since so many were news? */
  isNewlyRevoked(user: string, news: number, at: number): boolean {
    const held = this.users.get(user)
    return held !== undefined && held.news > news && held.revocation.at >= at
  }

  /** @param now store time, ms since 1970 */
  isRevoked(user: string | undefined, token: NonNullable<Grant['token']>, now: number): boolean {
    const its = token.id === undefined ? undefined : this.tokens.get(token.id)
    if (its !== undefined && its.revocation.until > now) return true
    const all = user === undefined ? undefined : this.users.get(user)
    // A token that does not say when it was issued cannot show that it came later.
    return (
      all !== undefined &&
      all.revocation.until > now &&
      (token.issued === undefined || token.issued <= all.revocation.at)
    )
  }

  /** Forgets what need not be known any more, if there are as many as that. */
  sweep(now: number, most: number): void {
    if (this.size < most) return
    for (const held of [this.users, this.tokens]) {
      for (const [name, { revocation }] of held) if (revocation.until <= now) held.delete(name)
    }
  }

  /** At most `count` that have so many entries of the log behind them. */
  oldest(behind: number, count: number): readonly Revocation[] {
    const found: Revocation[] = []
    for (const held of [this.users, this.tokens]) {
      for (const { revocation, arrival } of held.values()) {
        if (found.length === count || arrival > this.arrivals - behind) break
        found.push(revocation)
      }
    }
    return found
  }

  /** The log is read from its start. */
  beginRound(): void {
    this.round++
  }

  /** What was in the log once, and was not when it was last read from its start. */
  missing(): readonly Revocation[] {
    const all = [...this.users.values(), ...this.tokens.values()]
    return all.filter(({ round }) => round !== null && round < this.round).map(({ revocation }) => revocation)
  }

  private mapOf(by: 'user' | 'token'): Map<string, Held> {
    return by === 'user' ? this.users : this.tokens
  }
}

/** Both hold: what was issued before the later one, until the later end. */
function later(a: Revocation, b: Revocation): Revocation {
  return { ...a, at: Math.max(a.at, b.at), until: Math.max(a.until, b.until) }
}
