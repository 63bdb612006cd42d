// What a seed decides before its world begins: how many machines, which rules, which store, how long. Everything else is
// drawn while it runs.

import type { Policy } from '@tautline/wire'
import type { Chance } from './chance.ts'
import type { ModelOptions } from './store/log-model.ts'

/** The rules of one kind of channel. `budget`: entries that one recovery may bring. */
export interface ChannelPlan {
  readonly pattern: string
  readonly names: readonly string[]
  readonly size: number
  /** ms. */
  readonly ttl: number
  readonly budget: number
  readonly ephemeral: boolean
  readonly presence: boolean
  readonly policy: Policy
}

/** A world, as it is built. Times in ms. */
export interface Plan {
  readonly seed: number
  readonly nodes: number
  readonly clients: number
  /** How long applications act and faults happen. */
  readonly active: number
  /** How long nothing happens afterwards. */
  readonly quiet: number
  readonly heartbeat: { readonly every: number; readonly timeout: number }
  readonly window: number
  /** Bytes that wait at a node's end of a connection before it counts as slow. */
  readonly highMark: number
  readonly store: ModelOptions
  readonly channels: readonly ChannelPlan[]
  /** Operations of one client. */
  readonly operations: number
  readonly faults: number
}

/** Draws a plan. */
export function planOf(seed: number, chance: Chance): Plan {
  const every = chance.pick([3_000, 8_000, 25_000])
  const timeout = Math.round(every * 0.8)
  const policy = chance.weighted<Policy>([
    [5, 'lossless'],
    [2, 'latest'],
    [2, { drop: chance.between(1, 5) }],
  ])
  return {
    seed,
    nodes: chance.weighted([
      [3, 1],
      [4, 2],
      [3, 3],
    ]),
    clients: chance.between(2, 6),
    active: chance.between(10_000, 45_000),
    quiet: 75_000 + 3 * (every + timeout),
    heartbeat: { every, timeout },
    window: 300_000,
    highMark: chance.pick([0, 1_000, 16_384]),
    store: {
      offsets: chance.happens(0.5) ? 'dense' : 'sparse',
      lineage: chance.happens(0.75),
      anchor: 30 * 86_400_000,
    },
    channels: [
      {
        pattern: 'chat:*',
        names: ['chat:a', 'chat:b'].slice(0, chance.between(1, 2)),
        size: chance.pick([3, 10, 100, 100]),
        ttl: chance.pick([5_000, 300_000, 300_000]),
        budget: chance.pick([8, 10_000, 10_000]),
        ephemeral: false,
        presence: true,
        policy,
      },
      {
        pattern: 'feed:*',
        names: ['feed:x'],
        size: 100,
        ttl: 300_000,
        budget: 10_000,
        ephemeral: false,
        presence: false,
        policy: 'lossless',
      },
      {
        pattern: 'typing:*',
        names: ['typing:t'],
        size: 0,
        ttl: 0,
        budget: 0,
        ephemeral: true,
        presence: false,
        policy: { drop: 100 },
      },
    ],
    operations: chance.between(5, 30),
    faults: chance.happens(0.15) ? 0 : chance.between(1, 10),
  }
}
