// A real server, a real client, and tokens of two seconds, for as long as a test wants: what did the application see?

import { Client, type ClientState } from '@tautline/client'
import { createRealtime } from '@tautline/server'
import { jwt, signToken } from '@tautline/server/jwt'

const SECRET = 'S3CRET-0123456789-0123456789-0123456789'
const WHO = { issuer: 'https://id.example.com', audience: 'tautline-test' } as const
const KEY = { algorithm: 'HS256', secret: SECRET } as const
/** ms between two messages. */
const EVERY = 50

export interface Seen {
  /** States of the client. */
  readonly states: ClientState[]
  /** What went wrong, as the client tells. */
  readonly errors: string[]
  /** Tokens that were fetched, of the connection and of the channel. */
  readonly tokens: { connection: number; channel: number }
  /** Messages that were published to each channel. */
  published: number
  /** What came in the channel that the connection's token opens, and in the one with a token of its own. */
  readonly plain: number[]
  readonly own: number[]
  /** The longest a message took from publish to handler, ms. */
  slowest: { plain: number; own: number }
  /** Losses that were announced. */
  losses: number
}

/** Lets a client live on tokens of `life` for `ms`. */
export async function liveOnShortTokens(ms: number, life: `${number}s` = '2s'): Promise<Seen> {
  const tokens = jwt({ issuers: [{ ...WHO, algorithms: ['HS256'], secret: SECRET }] })
  const realtime = createRealtime({
    channels: {
      plain: { allow: 'users', history: { size: 10_000 } },
      own: { allow: 'token', history: { size: 10_000 } },
    },
  })
  realtime.onConnect(tokens.connect).onToken(tokens.channel)
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  const seen: Seen = {
    states: [],
    errors: [],
    tokens: { connection: 0, channel: 0 },
    published: 0,
    plain: [],
    own: [],
    slowest: { plain: 0, own: 0 },
    losses: 0,
  }
  const client = new Client(`http://127.0.0.1:${port}/realtime`, {
    token: () => {
      seen.tokens.connection++
      return signToken({ ...WHO, user: 'ann', expires: life }, KEY)
    },
  })
  const off = client.on('state', ({ state }) => seen.states.push(state))
  client.on('error', (error) => seen.errors.push(String(error)))
  const begun = new Map<number, number>()
  const heard = (name: 'plain' | 'own') => (n: number) => {
    seen[name].push(n)
    seen.slowest[name] = Math.max(seen.slowest[name], performance.now() - (begun.get(n) ?? 0))
  }
  const onLost = (): void => {
    seen.losses++
  }
  const [plain, own] = [heard('plain'), heard('own')]
  const first = client.channel<number>('plain').subscribe({ onMessage: ({ data }) => plain(data), onLost })
  const second = client.channel<number>('own').subscribe({
    token: (channel) => {
      seen.tokens.channel++
      return signToken({ ...WHO, user: 'ann', channel, expires: life }, KEY)
    },
    onMessage: ({ data }) => own(data),
    onLost,
  })
  try {
    await Promise.all([first, second].map((one) => live(one)))
    const end = performance.now() + ms
    while (performance.now() < end) {
      const n = ++seen.published
      begun.set(n, performance.now())
      await Promise.all([realtime.publish('plain', n), realtime.publish('own', n)])
      await pause(EVERY)
    }
    // The last ones, if the token of the channel has just ended.
    await live(second)
    begun.set(++seen.published, performance.now())
    const { position } = await realtime.publish('own', seen.published)
    if (position !== null) await second.reached(position)
    const other = await realtime.publish('plain', seen.published)
    if (other.position !== null) await first.reached(other.position)
  } finally {
    off()
    client.close()
    await realtime.close()
  }
  return seen
}

function live(subscription: {
  readonly state: string
  on(event: 'state', listener: () => void): () => void
}): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (subscription.state !== 'live') return
      off()
      resolve()
    }
    const off = subscription.on('state', look)
    look()
  })
}

/** The pace of whoever publishes; nothing is waited for by it. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
