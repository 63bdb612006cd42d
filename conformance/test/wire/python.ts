// The client in Python: how it is started, and what it says at the end of an exercise.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { without } from '@tautline/testkit'
import type { Position } from '@tautline/wire'

const PYTHON = '/usr/bin/python3'
const PROGRAM = fileURLToPath(new URL('../../wire/client.py', import.meta.url))

/** Debian's python3 with its `websockets`; the first python3 in PATH does not see Debian's packages. */
export const withoutPython: string | false = without(
  'python3-websockets',
  spawnSync(PYTHON, ['-c', 'import websockets']).status === 0,
)

/** What the client is asked to do (client.py --exercise). */
export interface Exercise {
  readonly url: string
  readonly channel: string
  readonly name: string
  /** Messages to publish, and seconds between two. */
  readonly publish: number
  readonly pace?: number
  /** It ends when so many have come and all of its own are settled. */
  readonly expect: number
  readonly from?: Position | 'head' | { last: number }
  readonly codec?: 'json' | 'msgpack'
  readonly token?: string
  /** Seconds. */
  readonly timeout?: number
}

export interface Told {
  readonly event: string
  readonly detail: unknown
}

export interface Outcome {
  readonly done: boolean
  readonly stopped: unknown
  readonly state: string
  readonly position: Position | null
  readonly seen: readonly { position: Position | null; id: string; data: unknown; own: boolean }[]
  readonly settled: readonly ({ outcome: string; data: unknown; position?: Position; duplicate?: true } | null)[]
  readonly counts: Readonly<Record<'connected' | 'repair' | 'gap' | 'fence' | 'lost', number>>
  readonly peer: string
  /** Everything it told on the way. */
  readonly told: readonly Told[]
}

/** Runs the client once; `heard` gets what it tells as it tells it. */
export async function exercise(options: Exercise, heard: (told: Told) => void = () => {}): Promise<Outcome> {
  const child = spawn(PYTHON, [PROGRAM, '--exercise', JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const lines: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const pieces = (rest + chunk).split('\n')
    rest = pieces.pop() ?? ''
    for (const line of pieces) {
      lines.push(line)
      const told = JSON.parse(line)
      if ('event' in told) heard(told)
    }
  })
  let failure = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    failure += chunk
  })
  const code = await ended(child)
  const last = lines.pop()
  if (code !== 0 || last === undefined) throw new Error(`client.py ended with ${code}: ${failure}`)
  return { ...JSON.parse(last), told: lines.map((line) => JSON.parse(line)), failure }
}

/** Runs the vectors. */
export async function runVectors(): Promise<{ code: number | null; out: string }> {
  const child = spawn(PYTHON, [PROGRAM, '--vectors'], { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
  })
  return { code: await ended(child), out }
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'close')
  return code as number | null
}
