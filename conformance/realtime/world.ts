// The server that section J is played against: a real one on a port of its own, with channels for every kind of refusal,
// and everything that it writes to its log.

import { MemoryBroker } from '@tautline/broker'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { type Json, RealtimeError } from '@tautline/wire'

export interface LogLine {
  readonly event: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
}

export interface World {
  readonly realtime: Realtime
  readonly broker: MemoryBroker
  readonly port: number
  readonly logged: LogLine[]
  /** What the hook was asked: `publish secret:1`. */
  readonly asked: string[]
  /** Calls of the broker's `append` so far. */
  readonly appends: () => number
  close(): Promise<void>
}

const MEGABYTE = 'x'.repeat(1_048_576)

/** Channels: `open` for everybody, `closed` by rule, `secret` by the hook, `room` with presence, `cast` without a log. */
export async function startWorld(options: RealtimeOptions = {}): Promise<World> {
  const logged: LogLine[] = []
  const asked: string[] = []
  let appends = 0
  const broker = new MemoryBroker()
  const append = broker.append.bind(broker)
  broker.append = (...call) => {
    appends++
    return append(...call)
  }
  const realtime = createRealtime({
    allow: 'everyone',
    // What lies behind the rates is played here; they have suites of their own (conformance/test/load).
    admission: {
      messageRate: 10_000_000,
      subscribeRate: 10_000_000,
      byteRate: 2_000_000_000,
      failures: 1_000_000,
      addressRate: 100_000,
      // What was ended without an answer of the peer lingers for a while.
      perAddress: 15_000,
    },
    broker,
    channels: {
      'open:**': { history: { size: 1_000 } },
      'room:**': { presence: true },
      'closed:**': { allow: { subscribe: 'nobody', publish: 'nobody', history: 'nobody' }, presence: true },
      'secret:**': { presence: true },
      'cast:**': { log: false },
    },
    log: (event, fields) => logged.push({ event, fields }),
    ...options,
  })
  realtime.onConnect(({ token }) => {
    if (token === 'refused') throw new RealtimeError('unauthorized')
    if (token === 'big') return { user: 'big', info: MEGABYTE }
    if (token === 'thrown') throw JSON.parse('{"toString":1}')
    return token === undefined ? {} : { user: token }
  })
  realtime.authorize((_who, action, channel) => {
    if (asked.push(`${action} ${channel}`) > 10_000) asked.shift()
    return !channel.startsWith('secret:')
  })
  realtime.rpc('echo', (said) => said)
  realtime.rpc('throw', (said) => {
    throw said
  })
  realtime.rpc('never', (_said, { signal }) => {
    return new Promise<Json>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  })
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  return { realtime, broker, port, logged, asked, appends: () => appends, close: () => realtime.close() }
}

/**
 * A line as the showcase prints it: what came from peers only as an escaped ASCII string. A peer's text in an event or in
 * the name of a field would not be escaped: it is a complaint.
 */
export function complaintsAboutLog(lines: readonly LogLine[]): string[] {
  const complaints: string[] = []
  for (const { event, fields } of lines) {
    const quoted = Object.entries(fields).map(([key, value]) => `${key}=${ascii(String(value))}`)
    const line = [event, ...quoted].join(' ')
    if (!/^[a-z -]+$/.test(event)) complaints.push(`event: ${JSON.stringify(event)}`)
    if (!Object.keys(fields).every((key) => /^[a-z]+$/i.test(key))) complaints.push(`field: ${JSON.stringify(fields)}`)
    if (!/^[ -~]*$/.test(line)) complaints.push(`line: ${JSON.stringify(line)}`)
    if (line.length > 65_536) complaints.push(`a line of ${line.length} characters: ${line.slice(0, 60)}`)
  }
  return complaints
}

function ascii(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
