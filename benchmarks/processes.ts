// The processes of a measurement: each on a core of its own, and none left behind, however the run ends.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'

/** A server has the first core to itself; whoever loads it shares the second. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

const running = new Set<ChildProcess>()

/** A program on one core, whose output is read. taskset becomes the program, so that the pid is the program's. */
export function pinned(
  core: number,
  command: readonly string[],
): ChildProcessByStdio<import('node:stream').Writable, Readable, Readable> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.once('error', () => running.delete(child))
  // Who does not read what it is told (most do not) closes the pipe; that is no failure.
  child.stdin.on('error', () => {})
  return child
}

/** Ends a process and waits for its end. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve()
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
    return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
  }
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
