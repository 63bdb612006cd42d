// What one node sees: its connections, the channels that somebody hears there, and what it is.

import { z } from 'zod'
import { given, type Operation, operation } from '../operation.ts'
import { about, answer, limit, next, pattern, request, user } from '../shapes.ts'
import { VERSION } from '../version.ts'

const TAG = 'Node'
const read = { tag: TAG, method: 'GET', repeatable: () => true, keyed: false, refusals: [] } as const
/** A page of a list. */
const LONGEST_PAGE = 1_000

const node = about(z.string(), { description: 'The node that answers: others have their own.' })

const channels = operation({
  ...read,
  name: 'channels',
  scope: 'channels',
  summary: 'Channels that somebody hears',
  description:
    'On this node, in the order of their names, in pages. Patterns that somebody subscribed to are among them.',
  input: request({ pattern: pattern.optional(), limit: limit(LONGEST_PAGE), after: next() }, {}),
  example: { limit: 100 },
  output: answer(
    {
      node,
      channels: z.array(
        about(z.object({ channel: z.string(), subscribers: z.int() }), {
          id: 'Channel',
          description: 'subscribers: connections of this node.',
        }),
      ),
      next: z.string().optional(),
    },
    { id: 'Channels' },
  ),
  run: async ({ pattern, limit, after }, { realtime, caller }) => {
    const where = (channel: string): boolean => caller.sees(channel)
    const { items, next } = realtime.channels({ where, ...given({ pattern, limit, after }) })
    return { node: realtime.name, channels: items, ...given({ next }) }
  },
})

const connection = about(
  z.object({
    connection: about(z.string(), { description: 'Its name, for revoke.' }),
    user: z.string().optional(),
    peer: about(z.string(), { description: 'The pseudonym of the client.' }),
    address: z.string().optional(),
    codec: z.string(),
    channels: about(z.int(), { description: 'Channels and patterns it is subscribed to.' }),
  }),
  { id: 'Connection' },
)

const connections = operation({
  ...read,
  name: 'connections',
  scope: 'connections',
  summary: 'Open connections',
  description: 'Of this node, in the order of their names, in pages; all of them, or those of one user.',
  input: request({ user: user.optional(), limit: limit(LONGEST_PAGE), after: next() }, {}),
  example: { limit: 100 },
  output: answer({ node, connections: z.array(connection), next: z.string().optional() }, { id: 'Connections' }),
  run: async (input, { realtime }) => {
    const { items, next } = realtime.connections(given(input))
    return { node: realtime.name, connections: items, ...given({ next }) }
  },
})

const info = operation({
  ...read,
  name: 'info',
  scope: 'info',
  summary: 'What this node is',
  description: 'Its name and version, what is going on, what an acknowledged publication survives, and its limits.',
  input: request({}, {}),
  example: {},
  output: answer(
    {
      node,
      version: z.string(),
      connections: z.int(),
      channels: z.int(),
      waitingBytes: about(z.int(), { description: 'Bytes of publications that wait for the store.' }),
      healthy: about(z.boolean(), { description: 'false: the store is out of reach.' }),
      durability: about(z.enum(['memory', 'process', 'fsync', 'replicated']), {
        description: 'What an acknowledged publication survives: nothing, a crash, a power cut, the loss of a machine.',
      }),
      verified: about(z.boolean(), { description: 'false: the durability is what was configured, not what was read.' }),
      window: about(z.int(), { description: 'ms for which an idempotency key is recognised.' }),
      limits: about(z.record(z.string(), z.number()), { description: 'As tautline.v1 §7.1 names them.' }),
    },
    { id: 'Info' },
  ),
  run: async (_, { realtime }) => {
    const { durability, verified, window, limits, healthy } = realtime.facts
    return { node: realtime.name, version: VERSION, ...realtime.stats, healthy, durability, verified, window, limits }
  },
})

export const NODE: readonly Operation[] = [channels, connections, info]
