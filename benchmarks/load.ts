// Starts a contestant on one core and the load generator on the other, and returns what the generator measured.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, 'wsload.c')
const BINARY = join(import.meta.dirname, '.build/wsload')

/** The line of JSON that wsload prints; which fields are there depends on the mode. */
export interface Measurement {
  readonly msgs: number
  readonly msgs_per_s: number
  readonly failed: number
  readonly p50_us?: number
  readonly p99_us?: number
  /** Server CPU of all threads, in microseconds for each message counted. */
  readonly cpu_us_per_msg?: number
  readonly bytes_per_conn_slope?: number
}

/** Builds the generator if its source is newer; throws with what to do if there is no compiler. */
export function buildLoadGenerator(): void {
  if (existsSync(BINARY) && statSync(BINARY).mtimeMs >= statSync(SOURCE).mtimeMs) return
  mkdirSync(join(import.meta.dirname, '.build'), { recursive: true })
  try {
    execFileSync('cc', ['-O2', '-o', BINARY, SOURCE], { stdio: 'inherit' })
  } catch (error) {
    throw new Error('the load generator is C: install a compiler (Debian: apt-get install gcc libc6-dev)', {
      cause: error,
    })
  }
}

/** A server process under test. */
export interface Contestant {
  readonly name: string
  /** Arguments of node in front of the port, then those behind it. */
  readonly script: string
  readonly args: readonly string[]
}

export interface Running {
  readonly port: number
  readonly process: ChildProcess
}

/** Starts the server pinned to the first core; resolves when it prints that it is ready. */
export async function startContestant(contestant: Contestant, extra: readonly string[]): Promise<Running> {
  const port = await freePort()
  const script = join(import.meta.dirname, 'servers', contestant.script)
  const args = ['-c', '0', process.execPath, '--expose-gc', script, String(port), ...contestant.args, ...extra]
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${contestant.name} ended with ${code} before it was ready`)))
  })
  return { port, process: child }
}

/** Ends the server and waits for its end. */
export function stopContestant(running: Running): Promise<void> {
  return new Promise((resolve) => {
    running.process.once('exit', () => resolve())
    running.process.kill('SIGKILL')
  })
}

/** Runs the generator, pinned to the second core, against a running server. */
export function load(running: Running, args: readonly string[]): Promise<Measurement> {
  const all = ['-c', '1', BINARY, '--port', String(running.port), '--pid', String(running.process.pid), ...args]
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', all, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 && out !== '') resolve(JSON.parse(out) as Measurement)
      else reject(new Error(`wsload ${args.join(' ')} ended with ${code}: ${errors}`))
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
