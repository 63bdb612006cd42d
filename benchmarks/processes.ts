// The processes of a measurement: each on a core of its own, and none left behind, however the run ends.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server has the first core to itself; whoever loads it shares the second. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

const running = new Set<ChildProcess>()

export type Pinned = ChildProcessByStdio<Writable, Readable, Readable>

/** A program on one core, whose output is read. taskset becomes the program, so that the pid is the program's. */
export function pinned(core: number, command: readonly string[], more: Readonly<Record<string, string>> = {}): Pinned {
  const env = { ...process.env, ...more }
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['pipe', 'pipe', 'pipe'], env })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.once('error', () => running.delete(child))
  // Who does not read what it is told (most do not) closes the pipe; that is no failure.
  child.stdin.on('error', () => {})
  // Nor does a pipe that nobody reads hold it up.
  child.stdout.resume()
  return child
}

/** Ends a process and waits for its end. */
export function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** Everything that was started ends with us, on Ctrl-C too. */
export function endAllOnExit(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => process.exit(code))
  }
}

/** The last lines that a process wrote to its standard error: what it died of. */
export function lastWords(stream: Readable): () => string {
  let text = ''
  stream.on('data', (chunk) => {
    text = (text + chunk).slice(-2000)
  })
  return () => {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '').trim()
  }
}

/** Resolves with the first line that begins so; rejects if the process ends before. */
export function lineOf(child: Pinned, beginning: string): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith(beginning)) resolve(line)
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`ended with ${code} before it said "${beginning}"`)))
  })
}

const TRY_AGAIN_MS = 20

/** Resolves when somebody listens on the port, or when who should listen has ended. */
export async function listening(port: number, server: Pinned): Promise<void> {
  while (isRunning(server) && !(await canConnect(port))) await sleep(TRY_AGAIN_MS)
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
