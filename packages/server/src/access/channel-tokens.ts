// What tokens for channels gave one connection. Each ends by itself, not with the connection's token; for a while it is
// known that it did, so that its bearer hears that another one would do. It reads none.

import { RealtimeError } from '@tautline/wire'
import type { TokenRight } from '../options.ts'
import { covers, type Wish } from './fulfils.ts'

/** ms for which it is known that a token has ended. */
const REMEMBERED = 60_000

interface Held {
  readonly right: TokenRight
  /** ms since 1970 */
  readonly end: number
  readonly why: 'token-expired' | 'token-revoked'
}

/** Hears by which ids the connection may be found. */
export interface TokenIndex {
  hold(id: string): void
  drop(id: string): void
}

/** Those of one connection, at most `most`: the oldest makes room. */
export class ChannelTokens {
  private readonly most: number
  private readonly index: TokenIndex
  private held: readonly Held[] = []

  constructor(most: number, index: TokenIndex) {
    this.most = most
    this.index = index
  }

  /** A newer one takes the place of the one before. */
  bring(right: TokenRight): void {
    const { token, expires: end = Number.POSITIVE_INFINITY } = right
    const its = nameOf(right)
    this.keep((one) => nameOf(one.right) !== its)
    this.held = [...this.held, { right, end, why: 'token-expired' }]
    if (this.held.length > this.most) this.keep((one) => one !== this.held[0])
    if (token?.id !== undefined) this.index.hold(token.id)
  }

  /**
   * Does one of them allow it?
   *
   * @param now ms since 1970
   * @returns when the last one that does ends; null: none ever did
   * @throws RealtimeError `token-expired`, `token-revoked`: the one that did is over
   */
  endOf(wish: Wish, now: number): number | null {
    this.keep(({ end }) => end > now - REMEMBERED)
    const last = this.held.filter(({ right }) => covers(right, wish)).sort((a, b) => b.end - a.end)[0]
    if (last === undefined) return null
    if (last.end > now) return last.end
    const text = last.why === 'token-expired' ? 'the token for the channel has expired' : undefined
    throw new RealtimeError(last.why, text, { field: 'ch' })
  }

  /** @param now ms since 1970 */
  revoke(id: string, now: number): void {
    this.held = this.held.map((one) => (one.right.token?.id === id ? { ...one, end: now, why: 'token-revoked' } : one))
  }

  private keep(isKept: (one: Held) => boolean): void {
    const gone = this.held.filter((one) => !isKept(one))
    if (gone.length === 0) return
    this.held = this.held.filter(isKept)
    for (const { right } of gone) if (right.token?.id !== undefined) this.index.drop(right.token.id)
  }
}

/** What a token is for. */
function nameOf({ channels, actions }: TokenRight): string {
  return JSON.stringify([channels, actions])
}
