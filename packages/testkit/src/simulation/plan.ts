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
  /** Who subscribes: the clients, or the server for them. */
  readonly by: 'clients' | 'server'
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
  /** How long a token lasts; null: for ever. */
  readonly tokens: number | null
  /** Are the nodes' clocks right within some ms, or an hour off, and set now and then? */
  readonly clocks: 'close' | 'far'
  /** Does the server subscribe each client to a channel of its own? */
  readonly inboxes: boolean
  /** Bytes that wait at a node's end of a connection before it counts as slow. */
  readonly highMark: number
  readonly store: ModelOptions
  readonly channels: readonly ChannelPlan[]
  /** Operations of one client, and of the server's application. */
  readonly operations: number
  readonly orders: number
  readonly faults: number
}

/**
 * Draws a plan.
 *
 * @param counted channels begin as in a store with one sequence for all of them
 */
export function planOf(seed: number, chance: Chance, counted: boolean = false): Plan {
  const every = chance.pick([3_000, 8_000, 25_000])
  const timeout = Math.round(every * 0.8)
  const clients = chance.between(2, 6)
  return {
    seed,
    nodes: chance.weighted([
      [3, 1],
      [4, 2],
      [3, 3],
    ]),
    clients,
    active: chance.between(10_000, 45_000),
    quiet: 75_000 + 3 * (every + timeout),
    heartbeat: { every, timeout },
    window: 300_000,
    tokens: chance.happens(0.3) ? chance.between(35_000, 80_000) : null,
    clocks: chance.happens(0.25) ? 'far' : 'close',
    inboxes: chance.happens(0.4),
    highMark: chance.pick([0, 1_000, 16_384]),
    store: {
      offsets: chance.happens(0.5) && !counted ? 'dense' : 'sparse',
      lineage: chance.happens(0.7),
      beginnings: counted ? 'counted' : 'named',
      anchor: 30 * 86_400_000,
    },
    channels: channelsOf(chance, clients),
    operations: chance.between(5, 30),
    orders: chance.between(0, 12),
    faults: chance.happens(0.15) ? 0 : chance.between(1, 10),
  }
}

const PLAIN: Omit<ChannelPlan, 'pattern' | 'names'> = {
  size: 100,
  ttl: 300_000,
  budget: 10_000,
  ephemeral: false,
  presence: false,
  policy: 'lossless',
  by: 'clients',
}

function channelsOf(chance: Chance, clients: number): ChannelPlan[] {
  return [
    {
      ...PLAIN,
      pattern: 'chat:*',
      names: ['chat:a', 'chat:b'].slice(0, chance.between(1, 2)),
      size: chance.pick([3, 10, 100, 100]),
      ttl: chance.pick([5_000, 300_000, 300_000]),
      budget: chance.pick([8, 8, 10_000]),
      presence: true,
      policy: chance.weighted<Policy>([
        [5, 'lossless'],
        [2, 'latest'],
        [2, { drop: chance.between(1, 5) }],
      ]),
    },
    { ...PLAIN, pattern: 'feed:*', names: ['feed:x'] },
    {
      ...PLAIN,
      pattern: 'board:*',
      names: ['board:m'],
      policy: chance.weighted<Policy>([
        [3, 'latest'],
        [4, { drop: chance.between(1, 5) }],
        [2, 'disconnect'],
        [1, 'lossless'],
      ]),
    },
    { ...PLAIN, pattern: 'typing:*', names: ['typing:t'], ephemeral: true, policy: { drop: 100 } },
    {
      ...PLAIN,
      pattern: 'inbox:*',
      names: Array.from({ length: clients }, (_, i) => `inbox:c${i + 1}`),
      by: 'server',
    },
    { ...PLAIN, pattern: 'news:*', names: ['news:n'], by: 'server' },
  ]
}
