// One measurement: a contestant on one core, the load generator (wsload.c) on the other, and what the generator counted.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import { end, freePort, LOAD_CORE, lastWords, pinned, SERVER_CORE } from './processes.ts'
import type { Pace, Workload } from './workloads.ts'

const SOURCE = join(import.meta.dirname, 'wsload.c')
const FOLDER = join(import.meta.dirname, '.build')
export const BINARY: string = join(FOLDER, 'wsload')

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
}

/** Builds the generator if its source is newer; throws with what to do if there is no compiler. */
export function buildLoadGenerator(): void {
  if (existsSync(BINARY) && statSync(BINARY).mtimeMs >= statSync(SOURCE).mtimeMs) return
  mkdirSync(FOLDER, { recursive: true })
  try {
    execFileSync('cc', ['-O2', '-o', BINARY, SOURCE], { stdio: 'inherit' })
  } catch (error) {
    throw new Error('the load generator is C: install a compiler (Debian: apt-get install gcc libc6-dev)', {
      cause: error,
    })
  }
}

/** Starts the server, loads it, ends it. Rejects with what happened if it dies, stalls or refuses. */
export async function measure(contestant: Contestant, workload: Workload, pace: Pace): Promise<Measurement> {
  const port = await freePort()
  const server = pinned(SERVER_CORE, contestant.command(port, workload.flags))
  const words = lastWords(server.stderr)
  try {
    await within(START_SECONDS, 'the server did not start', listening(server, words))
    const died = death(server, words)
    const args = [...workload.load(pace), ...contestant.load, '--port', String(port), '--pid', String(server.pid)]
    return await Promise.race([generate(args, workload.seconds(pace) + GRACE_SECONDS), died])
  } finally {
    await end(server)
  }
}

type Server = ReturnType<typeof pinned>

function listening(server: Server, words: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.stdout.once('data', () => resolve())
    server.once('error', reject)
    server.once('close', (code) => reject(new Error(`the server ended with ${code}: ${words()}`)))
  })
}

/** Rejects when the server ends by itself; never resolves. */
function death(server: Server, words: () => string): Promise<never> {
  const died = new Promise<never>((_, reject) => {
    server.once('close', (code, signal) => reject(new Error(`the server ended with ${signal ?? code}: ${words()}`)))
  })
  // Ended by us, after the race.
  died.catch(() => {})
  return died
}

/** Runs wsload to its end. */
async function generate(args: readonly string[], seconds: number): Promise<Measurement> {
  const child = pinned(LOAD_CORE, [BINARY, ...args])
  const words = lastWords(child.stderr)
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const ended = new Promise<Measurement>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      const measured = out === '' ? null : (JSON.parse(out) as Measurement)
      if (code === 0 && measured !== null && measured.msgs > 0) resolve(measured)
      else reject(new Error(words() || `no message came (wsload ended with ${code})`))
    })
  })
  try {
    return await within(seconds, 'stalled', ended)
  } finally {
    await end(child)
  }
}

/** Rejects when it takes too long. */
async function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${seconds.toFixed(0)} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    // Whatever comes of it later has been reported already.
    work.catch(() => {})
  }
}
