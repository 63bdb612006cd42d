// Contestant: the realtime server on its own port, with history. Everything is as an application would have it, but for
// the limits of admission: all clients come from one address at once here.

import { createRealtime } from '@tautline/server'
import { host, port } from './arguments.ts'

const MANY = 1_000_000

const realtime = createRealtime({
  allow: 'everyone',
  channels: { bench: { history: { size: 100, ttl: '1m' } } },
  admission: { connections: 20_000, perAddress: 20_000, acceptRate: MANY, addressRate: MANY, lag: 60_000 },
})
await realtime.listen({ port, host })
