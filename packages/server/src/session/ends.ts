// When the tokens end that alone allow single subscriptions: one moment per channel, at most.

import type { Expiries, Expiry } from '../auth/expiries.ts'

export class Ends {
  private readonly expiries: Expiries
  private readonly moments: Map<string, Expiry> = new Map()

  constructor(expiries: Expiries) {
    this.expiries = expiries
  }

  /** @param ms from now; Infinity: it does not end, nor as it was told before */
  set(channel: string, ms: number, over: () => void): void {
    this.forget(channel)
    if (ms === Number.POSITIVE_INFINITY) return
    const moment = this.expiries.in(ms, () => {
      this.moments.delete(channel)
      over()
    })
    this.moments.set(channel, moment)
  }

  forget(channel: string): void {
    const moment = this.moments.get(channel)
    if (moment !== undefined) this.expiries.cancel(moment)
    this.moments.delete(channel)
  }
}
