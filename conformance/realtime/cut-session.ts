// A session that a program would have with a server, over a connection whose first life ends after so many bytes in one
// direction. What the program sees must be the same wherever that is. It uses the real client and nothing of its inside.

import { Client, type ClientOptions, type Message, type Subscription } from '@tautline/client'
import type { Realtime } from '@tautline/server'
import { FaultyProxy, Signal } from '@tautline/testkit'
import type { Json } from '@tautline/wire'

export type Direction = 'up' | 'down'
export type Act = 'cut' | 'reset' | 'half-close'

export interface Cut {
  readonly direction: Direction
  readonly bytes: number
  readonly act: Act
}

/** What the program saw, in the same words for every cut. */
export interface Session {
  readonly a: readonly string[]
  readonly b: readonly string[]
  /** What each publish came to. */
  readonly published: readonly string[]
  /** What the log holds in the end. */
  readonly logA: readonly string[]
  readonly logB: readonly string[]
  readonly troubles: readonly string[]
}

export interface CutOutcome {
  readonly session: Session
  /** Connections that were made: 1 where the session was over before the cut. */
  readonly connections: number
}

/** What every session must come to. */
export const EXPECTED: Session = {
  a: ['1 second', '2 third', '3 one own', '4 two own', '5 from the server', '6 end own'],
  b: ['1 three own'],
  published: ['one 4', 'two 5', 'three 1', 'end 7'],
  logA: ['first', 'second', 'third', 'one', 'two', 'from the server', 'end'],
  logB: ['three', 'unseen'],
  troubles: [],
}

const DEADLINE = 20_000

let runs = 0

/** Runs the session once. @throws Error when a step does not come about */
export async function cutSession(
  realtime: Realtime,
  port: number,
  cut: Cut,
  options: ClientOptions = {},
): Promise<CutOutcome> {
  let connections = 0
  const faults = (direction: Direction): object =>
    connections === 1 && cut.direction === direction ? { after: { bytes: cut.bytes, act: cut.act } } : {}
  const proxy = await FaultyProxy.start({
    // Read once per connection, in this order.
    get port(): number {
      connections++
      return port
    },
    get up(): object {
      return faults('up')
    },
    get down(): object {
      return faults('down')
    },
  })
  const client = new Client(`ws://127.0.0.1:${proxy.port}/realtime`, { backoff: { min: 1, max: 20 }, ...options })
  try {
    return { session: await play(realtime, client, `c${++runs}`), connections }
  } finally {
    client.close()
    await proxy.close()
  }
}

async function play(realtime: Realtime, client: Client, unique: string): Promise<Session> {
  const [nameA, nameB] = [`cut:a:${unique}`, `cut:b:${unique}`]
  for (const text of ['first', 'second', 'third']) await realtime.publish(nameA, text)
  const troubles: string[] = []
  client.on('error', (error) => troubles.push(String(error)))
  const a = new Listener(client.channel<string>(nameA).subscribe({ last: 2 }), troubles)
  await a.heard(2)

  const publish = async (channel: string, text: string): Promise<string> => {
    const { position } = await client.channel<string>(channel).publish(text)
    return `${text} ${position?.offset}`
  }
  // Two in flight: their order must hold.
  const published = await Promise.all([publish(nameA, 'one'), publish(nameA, 'two')])
  await a.heard(4)
  await realtime.publish(nameA, 'from the server')
  await a.heard(5)

  const b = new Listener(client.channel<string>(nameB).subscribe({ last: 10 }), troubles)
  published.push(await publish(nameB, 'three'))
  await b.heard(1)
  await b.subscription.unsubscribe()
  await realtime.publish(nameB, 'unseen')

  published.push(await publish(nameA, 'end'))
  await a.heard(6)
  const log = async (channel: string): Promise<string[]> => {
    const { items } = await realtime.history(channel)
    return items.flatMap((item) => (item.ev === 'pub' ? [String(item.data)] : []))
  }
  return { a: a.texts, b: b.texts, published, logA: await log(nameA), logB: await log(nameB), troubles }
}

/** Everything that a subscription tells. */
class Listener {
  readonly subscription: Subscription<string>
  /** Numbered as they came; 'own' where the client knows its echo. */
  readonly texts: string[]
  readonly #signal: Signal

  constructor(subscription: Subscription<string>, troubles: string[]) {
    this.subscription = subscription
    this.texts = []
    this.#signal = new Signal()
    let offset: number | null = null
    subscription.on('message', ({ data, own, position }: Message<string>) => {
      this.texts.push(`${this.texts.length + 1} ${data as Json}${own ? ' own' : ''}`)
      if (offset !== null && position?.offset !== offset + 1) troubles.push(`${position?.offset} behind ${offset}`)
      offset = position?.offset ?? null
      this.#signal.wake()
    })
    subscription.on('lost', (lost) => troubles.push(`lost ${JSON.stringify(lost)}`))
    subscription.on('gap', (gap) => troubles.push(`gap ${JSON.stringify(gap)}`))
    subscription.on('state', ({ state, error }) => {
      if (state === 'stopped') troubles.push(`stopped: ${String(error)}`)
    })
  }

  async heard(count: number): Promise<void> {
    if (await this.#signal.until(() => this.texts.length >= count, DEADLINE)) return
    throw new Error(`heard ${this.texts.join(', ')} of ${count}, ${this.subscription.state}`)
  }
}
