// When the tokens end that alone allow single subscriptions: one moment per channel, at most.

import type { Expiries, Expiry } from '../auth/expiries.ts'
import { dropping, entering, fewEntries } from '../few.ts'

export class Ends {
  private readonly expiries: Expiries
  private moments: ReadonlyMap<string, Expiry> = fewEntries()

  constructor(expiries: Expiries) {
    this.expiries = expiries
  }

  /** @param ms from now; Infinity: it does not end, nor as it was told before */
  set(channel: string, ms: number, over: () => void): void {
    this.forget(channel)
    if (ms === Number.POSITIVE_INFINITY) return
    const moment = this.expiries.in(ms, () => {
      this.moments = dropping(this.moments, channel)
      over()
    })
    this.moments = entering(this.moments, channel, moment)
  }

  forget(channel: string): void {
    const moment = this.moments.get(channel)
    if (moment !== undefined) this.expiries.cancel(moment)
    this.moments = dropping(this.moments, channel)
  }
}
