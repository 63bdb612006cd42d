// The hub of an ephemeral channel (typing, cursors): at most once, and every interruption of the feed is announced.

import type { Detach, Sink } from '@tautline/broker'
import { Hub } from './hub.ts'
import { CastUnit } from './unit.ts'

/** An ephemeral channel on this node. */
export class CastHub extends Hub {
  protected override attach(): Promise<Detach> {
    const sink: Sink = {
      entry: () => {},
      cast: (channel, cast) => this.fanOut.push(new CastUnit(channel, cast)),
      interrupted: () => this.tellLost({ why: 'ephemeral', to: null, spread: 0 }, null),
    }
    return this.context.broker.attach(this.channel, sink)
  }

  protected override prepare(): Promise<void> {
    return Promise.resolve()
  }
}
