// The life of one token: its bearer is asked for another one ahead of its end, and told when it is over. It ends nothing
// itself.

import type { Expiries, Expiry } from './expiries.ts'

/** ms before the end at which another one is asked for; of a shorter life the half. */
const AHEAD = 30_000

/** Whose token it is. */
export interface Bearer {
  /** The token ends in so many ms: time for another one. */
  ask(within: number): void
  /** It is over: at most `GRACE` ms ago. */
  end(): void
}

export class TokenLife {
  private readonly expiries: Expiries
  private readonly bearer: Bearer
  private expiry: Expiry | null = null

  constructor(expiries: Expiries, bearer: Bearer) {
    this.expiries = expiries
    this.bearer = bearer
  }

  /** Another token, from now on. @param life ms that are left of it; Infinity: it does not end */
  begin(life: number): void {
    this.stop()
    if (life === Number.POSITIVE_INFINITY) return
    const ahead = Math.max(0, Math.min(AHEAD, life / 2))
    const asking = this.expiries.in(life - ahead, () => {
      this.expiry = this.expiries.at(asking.due + ahead, () => this.bearer.end())
      if (ahead > 0) this.bearer.ask(Math.round(ahead))
    })
    this.expiry = asking
  }

  /** There is no bearer any more. */
  stop(): void {
    if (this.expiry !== null) this.expiries.cancel(this.expiry)
    this.expiry = null
  }
}
