// Starts the chat server as a process of its own, as `npm start` does, and knows when it listens. It never sleeps.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastingPort } from '@tautline/testkit'

const root = fileURLToPath(new URL('../', import.meta.url))
/** Of this process alone: another test file may build at the same time. */
const own = mkdtempSync(join(tmpdir(), 'tautline-showcase-'))
process.on('exit', () => rmSync(own, { recursive: true, force: true }))
/** The folder of the built pages. */
export const PAGES: string = join(own, 'pages')

export interface ServerProcess {
  readonly child: ChildProcess
  readonly port: number
  readonly url: string
  /** The file of its messages: another server may go on with it. */
  readonly store: string
  /** What it wrote so far, both streams. */
  output(): string
  /** Ends it with a signal; resolves with its exit code, or null when the signal ended it. */
  stop(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number | null>
}

export interface StartOptions {
  /** Default: one that the next server can have again. */
  readonly port?: number
  /** Builds the pages first. */
  readonly build?: boolean
  /** Default: a new file. */
  readonly store?: string
  readonly env?: Readonly<Record<string, string>>
}

let stores = 0

/** Rejects with what the process said when it ends before it listens. */
export async function startServer(options: StartOptions = {}): Promise<ServerProcess> {
  const entry = options.build === true ? 'src/server/start.ts' : 'src/server/main.ts'
  const wanted = options.port ?? (await lastingPort())
  const store = options.store ?? join(own, `${stores++}.sqlite`)
  const child = spawn(process.execPath, ['--conditions=tautline-source', entry], {
    cwd: root,
    env: {
      ...{ ...process.env, HOST: '127.0.0.1', PORT: String(wanted), DIST: PAGES, STORE: store },
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = /http:\/\/localhost:(\d+)/.exec(output)
      if (found !== null && output.includes('Ctrl+C stops')) resolve(Number(found[1]))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('close', (code) => reject(new ServerEnded(code, output)))
  })
  return {
    child,
    port,
    url: `http://localhost:${port}`,
    store,
    output: () => output,
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
      return child.exitCode
    },
  }
}

/** The process ended before it listened. */
export class ServerEnded extends Error {
  readonly exitCode: number | null
  readonly output: string

  constructor(exitCode: number | null, output: string) {
    super(`the server ended with ${exitCode}: ${output}`)
    this.exitCode = exitCode
    this.output = output
  }
}
