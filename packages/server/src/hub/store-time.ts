// What time it is in the store, as far as a node can tell: the store's own clock where it has one at hand, else what its
// entries say. A node's wall clock may be an hour off; nothing that depends on an entry's age may rest on it.

import type { Broker } from '@tautline/broker'
import type { Clock } from '@tautline/wire'

/** One per node. */
export class StoreTime {
  private readonly broker: Broker
  private readonly clock: Clock
  /** Store time minus the monotonic clock is at least so much: no entry is heard before it is stored. */
  private ahead: number = Number.NEGATIVE_INFINITY

  constructor(broker: Broker, clock: Clock) {
    this.broker = broker
    this.clock = clock
  }

  /** The feed brought an entry that was stored at this time. */
  heard(at: number): void {
    const ahead = at - this.clock.now()
    if (ahead > this.ahead) this.ahead = ahead
  }

  /** Is it certain enough that no `ttl` has gone by since? Nothing is while nothing was heard. */
  isWithin(at: number, ttl: number): boolean {
    const now = this.broker.time?.() ?? this.clock.now() + this.ahead
    return now !== Number.NEGATIVE_INFINITY && at + ttl > now
  }
}
