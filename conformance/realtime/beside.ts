// A hundred fast subscribers beside one that misbehaves: is their p99 the same as beside one that does not? Rounds with
// and without are interleaved, so that whatever else the machine does falls upon both.

import { Ear, LoadServer, median, percentile } from './load.ts'
import type { Memory } from './load-server.ts'

const FAST = 100
/** Publications per second that the fast ones hear, and bytes of each. */
const RATE = 200
const BYTES = 200

/** ms, over the rounds of a kind: the medians, and the best p99, which says what the server does where nobody else is busy. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly best: number
}

/** What the odd one out does. */
export interface Guest {
  readonly name: string
  /** Subscribes to these. */
  readonly subs: readonly object[]
  /** Starts; the result stops it. */
  misbehave(ear: Ear): Promise<() => Promise<void>>
  /** Bytes per second that only the guest is sent, in bodies of 16 kB. */
  readonly firehose: number
}

export interface Beside {
  readonly calm: Latency
  readonly beside: Latency
  readonly memoryBefore: Memory
  /** The largest of all rounds. */
  readonly mostRss: number
  readonly mostHeld: number
  readonly memoryAfter: Memory
  readonly heard: number
  readonly expected: number
}

const BODY = 16_000

/** @param rounds of each kind */
export async function beside(guest: Guest, rounds: number, seconds: number): Promise<Beside> {
  const server = await LoadServer.start({
    channels: { shared: { history: { size: 1_000 } }, 'fire:*': { history: { size: 100 } }, 'loop:**': {} },
  })
  const ears: Ear[] = []
  for (let i = 0; i < FAST; i++) ears.push(await Ear.open(server.port, [{ ch: 'shared' }]))
  const load = (): Promise<void> =>
    server.publish(
      { channel: 'shared', count: RATE * seconds, perSecond: RATE, bytes: BYTES },
      {
        channel: 'fire:1',
        count: Math.ceil((guest.firehose / BODY) * seconds),
        perSecond: guest.firehose / BODY,
        bytes: BODY,
      },
    )
  const round = async (misbehaves: boolean): Promise<{ latencies: number[]; memory: Memory }> => {
    const odd = await Ear.open(server.port, guest.subs)
    const stop = misbehaves ? await guest.misbehave(odd) : null
    // What the kernel takes for a reader that is not there has to be full before anything is measured.
    if (guest.firehose > 0) await server.publish({ channel: 'fire:1', count: 1_000, perSecond: 4_000, bytes: BODY })
    for (const ear of ears) ear.drain()
    await load()
    const memory = await server.memory()
    await Promise.all(ears.map((ear) => ear.peer.until(() => ear.latencies.length >= RATE * seconds)))
    const latencies = ears.flatMap((ear) => ear.drain())
    await stop?.()
    await odd.peer.destroy()
    return { latencies, memory }
  }
  try {
    await round(false)
    const memoryBefore = await server.memory()
    const calm: number[][] = []
    const disturbed: number[][] = []
    const memories: Memory[] = []
    for (let i = 0; i < rounds; i++) {
      calm.push((await round(false)).latencies)
      const { latencies, memory } = await round(true)
      disturbed.push(latencies)
      memories.push(memory)
    }
    return {
      calm: summary(calm),
      beside: summary(disturbed),
      memoryBefore,
      mostRss: Math.max(...memories.map(({ rss }) => rss)),
      mostHeld: Math.max(...memories.map(({ heap, buffers }) => heap + buffers)),
      memoryAfter: await server.memory(),
      heard: Math.min(...[...calm, ...disturbed].map((latencies) => latencies.length)),
      expected: FAST * RATE * seconds,
    }
  } finally {
    await Promise.all(ears.map((ear) => ear.peer.destroy()))
    await server.stop()
  }
}

function summary(rounds: readonly (readonly number[])[]): Latency {
  const of = (share: number): number[] => rounds.map((latencies) => percentile(latencies, share))
  return { p50: median(of(0.5)), p99: median(of(0.99)), best: Math.min(...of(0.99)) }
}
