// One measurement: a contestant on one core, the load generator (wsload.c) on the other, and what the generator counted.

import { join } from 'node:path'
import { type Contestant, NODE } from './contestants.ts'
import { GENERATOR } from './generator.ts'
import {
  end,
  freePort,
  LOAD_CORE,
  lastWords,
  lineOf,
  listening,
  type Pinned,
  pinned,
  SERVER_CORE,
} from './processes.ts'
import type { Pace, Workload } from './workloads.ts'

/** Beyond what a measurement is meant to take: to connect 10,000 clients, and for a server that is slow to answer. */
const GRACE_SECONDS = 20
const START_SECONDS = 20

/** The line of JSON that wsload prints; which fields are there depends on the mode. */
export interface Measurement {
  readonly msgs: number
  readonly msgs_per_s: number
  readonly failed: number
  readonly p50_us?: number
  readonly p99_us?: number
  /** Server CPU of all threads, in microseconds for each message counted. */
  readonly cpu_us_per_msg?: number
  /** Bytes that a subscriber reads for each message. */
  readonly bytes_per_msg?: number
  readonly bytes_per_conn_slope?: number
  /** How busy the machine was with other programs meanwhile: 1 is one core. */
  readonly others_cpu?: number
}

/** Starts the server, loads it, ends it. Rejects with what happened if it dies, stalls or refuses. */
export async function measure(contestant: Contestant, workload: Workload, pace: Pace): Promise<Measurement> {
  const port = await freePort()
  const server = pinned(SERVER_CORE, contestant.command(port, workload.flags), contestant.environment?.(port))
  const started: Pinned[] = [server]
  const start = (command: readonly string[]): Pinned => {
    const child = pinned(LOAD_CORE, command)
    started.push(child)
    return child
  }
  const died = death(server)
  try {
    const listens = Promise.race([listening(port, server), died])
    await within(START_SECONDS, 'the server did not start', listens)
    const target = ['--port', String(port), '--pid', String(server.pid)]
    const generator = [GENERATOR, ...workload.load(pace), ...contestant.load, ...target]
    const measured = workload.publishing
      ? published(publisherOf(contestant, workload.publishing, port), generator, start)
      : measurementOf(start(generator))
    return await within(workload.seconds(pace) + GRACE_SECONDS, 'stalled', Promise.race([measured, died]))
  } finally {
    await Promise.all(started.map(end))
  }
}

function publisherOf({ publisher }: Contestant, { rate, burst }: NonNullable<Workload['publishing']>, port: number) {
  const program = join(import.meta.dirname, 'publishers', publisher ?? '')
  return [...NODE, program, String(port), String(rate), String(burst)]
}

/** A program of its own publishes, and begins once all are subscribed. */
async function published(
  publisher: readonly string[],
  generator: readonly string[],
  start: (command: readonly string[]) => Pinned,
): Promise<Measurement> {
  const publishes = start(publisher)
  await lineOf(publishes, 'ready')
  const counts = start(generator)
  const measured = measurementOf(counts)
  const open = lineOf(counts, 'open').then(() => publishes.stdin.write('go\n'))
  return (await Promise.all([measured, open]))[0]
}

/** What wsload finds, once it has ended. */
function measurementOf(generator: Pinned): Promise<Measurement> {
  const words = lastWords(generator.stderr)
  let out = ''
  generator.stdout.on('data', (chunk) => {
    out += chunk
  })
  return new Promise((resolve, reject) => {
    generator.once('error', reject)
    generator.once('close', (code) => {
      const line = out.split('\n').find((text) => text.startsWith('{'))
      const measured = line === undefined ? null : (JSON.parse(line) as Measurement)
      if (code === 0 && measured !== null && measured.msgs > 0) resolve(measured)
      else reject(new Error(words() || `no message came (wsload ended with ${code})`))
    })
  })
}

/** Rejects when the server ends by itself; never resolves. */
function death(server: Pinned): Promise<never> {
  const words = lastWords(server.stderr)
  const died = new Promise<never>((_, reject) => {
    server.once('error', reject)
    server.once('close', (code, signal) => reject(new Error(`the server ended with ${signal ?? code}: ${words()}`)))
  })
  // Ended by us, after the race.
  died.catch(() => {})
  return died
}

/** Rejects when it takes too long. */
async function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${seconds.toFixed(0)} s`)), seconds * 1000)
  })
  // Whatever comes of it later has been reported already.
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
