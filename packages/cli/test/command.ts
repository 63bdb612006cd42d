// Runs the command as a process of its own, in a folder of its own, and knows what it wrote. It never sleeps: it waits for
// lines.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/tautline.mjs', import.meta.url))
const folders: string[] = []
const children = new Set<ChildProcess>()
// A test that fails leaves its server behind: nothing would end.
after(() => {
  for (const child of children) child.kill('SIGKILL')
})
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder that is gone with the tests. */
export function newFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-cli-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

export interface Line {
  readonly level: string
  readonly event: string
  readonly [field: string]: unknown
}

export interface Running {
  readonly child: ChildProcess
  readonly folder: string
  /** Both streams. */
  output(): string
  /** The lines of the log so far. */
  lines(): readonly Line[]
  /** Resolves with the first line, or the first behind `after` lines, of this event. */
  line(event: string, after?: number): Promise<Line>
  /** Resolves with the exit code when the process has ended. */
  ended: Promise<number | null>
}

export interface How {
  readonly folder?: string
  readonly env?: Readonly<Record<string, string>>
}

/** What the suites search all output for secrets with (scripts/watch-output.mjs); it is what `tautline token` prints. */
const { SUITE_LEAKS, NODE_OPTIONS = '' } = process.env
const watched = SUITE_LEAKS === undefined ? {} : { SUITE_LEAKS, NODE_OPTIONS }

/** Starts `tautline …`. Nothing of the environment but what is given, and what Node needs. */
export function start(args: readonly string[], { folder = newFolder(), env = {} }: How = {}): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...(args[0] === 'token' ? {} : watched), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let output = ''
  const waiting = new Set<() => void>()
  const read = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  const ended = once(child, 'close').then(() => {
    children.delete(child)
    return child.exitCode
  })
  const lines = (): readonly Line[] => {
    return output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Line] : []))
  }
  const line = async (event: string, after = 0): Promise<Line> => {
    const found = Promise.withResolvers<Line>()
    const look = (): void => {
      const one = lines()
        .slice(after)
        .find((it) => it.event === event)
      if (one !== undefined) found.resolve(one)
    }
    waiting.add(look)
    look()
    void ended.then((code) => found.reject(new Error(`ended with ${code} before "${event}": ${output}`)))
    try {
      return await found.promise
    } finally {
      waiting.delete(look)
    }
  }
  return { child, folder, output: () => output, lines, line, ended }
}

export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs `tautline …` to its end. */
export async function run(args: readonly string[], how: How = {}): Promise<Ended> {
  const running = start(args, how)
  const code = await running.ended
  return { code, output: running.output() }
}

export interface Server extends Running {
  readonly url: string
  readonly realtime: string
  readonly monitoring: string
  /** Sends a signal and resolves with the exit code. */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>
}

/** Starts `tautline serve` on free ports with a JSON log, and resolves when it listens. */
export async function serve(args: readonly string[] = [], how: How = {}): Promise<Server> {
  const running = start(
    ['serve', '--port', '0', '--host', '127.0.0.1', '--monitoring-port', '0', '--log-format', 'json', ...args],
    how,
  )
  const { url, realtime, monitoring } = await running.line('listening')
  return {
    ...running,
    url: String(url),
    realtime: String(realtime),
    monitoring: String(monitoring),
    stop: async (signal = 'SIGTERM') => {
      if (running.child.exitCode === null && running.child.signalCode === null) running.child.kill(signal)
      return running.ended
    },
  }
}
