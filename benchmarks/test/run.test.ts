// The command itself: what it says to wrong arguments, and a measurement over real sockets.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { Contestant } from '../contestants.ts'
import { buildGenerator } from '../generator.ts'
import { measure } from '../load.ts'
import { readOptions, UsageError } from '../options.ts'
import { WORKLOADS } from '../workloads.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const SHORT = { seconds: 0.2, warm: 0.1, idle: 100 }

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'servers and generator are pinned to cores: Linux only'
  if (availableParallelism() < 2) return 'two cores are needed'
  if (spawnSync('cc', ['--version']).error !== undefined) return 'the load generator is C, and there is no compiler'
  return spawnSync('taskset', ['--version']).error === undefined ? false : 'there is no taskset'
}

const skip = whyNot()

function bench(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

const wrong = [
  { args: ['--nope'], says: /Unknown option '--nope'/ },
  { args: ['--only', 'nothing of that name'], says: /no row has "nothing of that name".*echo-125-1/ },
  { args: ['--rounds', '0'], says: /--rounds takes a whole number from 1 to 100, not "0"/ },
  { args: ['--rounds', 'many'], says: /not "many"/ },
  { args: ['--contestants', 'engine,uws'], says: /no contestant "uws"; the contestants are ws, cork, engine/ },
  { args: ['--contestants', ''], says: /no contestant ""/ },
  { args: ['--write', '--quick'], says: /--write is for a whole run/ },
  { args: ['--write', '--only', 'idle'], says: /--write is for a whole run/ },
]

for (const { args, says } of wrong) {
  test(`${args.join(' ')} is refused with the reason`, () => {
    assert.throws(
      () => readOptions(args),
      (error) => error instanceof UsageError && says.test(error.message),
    )
  })
}

test('wrong arguments end with 2, and --help with 0', () => {
  const refused = spawnSync(process.execPath, [MAIN, '--only', 'zzz'], { encoding: 'utf8' })
  assert.equal(refused.status, 2)
  assert.match(refused.stderr, /no row has "zzz"[\s\S]*--help tells more/)
  const help = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' })
  assert.equal(help.status, 0)
  assert.match(help.stdout, /--contestants A,B/)
})

test('one round of one row measures whom it was asked for, and ws', { skip }, async () => {
  const run = bench('--quick', '--only', 'echo-125-1', '--contestants', 'engine')
  let out = ''
  run.stdout?.on('data', (chunk) => {
    out += chunk
  })
  assert.deepEqual(await once(run, 'close'), [0, null])
  assert.match(out, /\| echo 125 B, 1 in flight \| +\d+\.\d\d µs \| +\d+\.\d\d µs \|/)
  assert.match(out, /\| handshake, own listener .* not measured \|/)
  assert.doesNotMatch(out, /failed/)
})

function echo() {
  const workload = WORKLOADS.find(({ id }) => id === 'echo-16-1')
  assert.ok(workload)
  return workload
}

function program(code: string): Contestant {
  const command = (port: number) => [process.execPath, '-e', code, String(port)]
  return { id: 'x', name: 'x', command, load: ['--raw'], missing: () => null }
}

test('a contestant that dies is reported with what it died of', { skip }, async () => {
  buildGenerator()
  const atOnce = program('throw new Error("out of paper")')
  await assert.rejects(measure(atOnce, echo(), SHORT), /the server ended with 1: Error: out of paper/)
  const later = program(
    `require('net').createServer((s) => s.on('error', () => {}).on('data', () => process.exit(7))).listen(Number(process.argv[1]), '127.0.0.1')`,
  )
  await assert.rejects(measure(later, echo(), SHORT), /the server ended with 7|lost a connection/)
})

test('a contestant that does not answer is reported', { skip }, async () => {
  buildGenerator()
  const silent = program(
    `require('net').createServer((s) => s.on('error', () => {}).resume()).listen(Number(process.argv[1]), '127.0.0.1')`,
  )
  await assert.rejects(measure(silent, echo(), SHORT), /no message came/)
})

function childrenOf(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`
  return existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ').filter(Boolean).map(Number) : []
}

test('Ctrl-C ends everything that was started', { skip }, async () => {
  const run = bench('--only', 'idle', '--rounds', '1')
  const lines = createInterface({ input: run.stdout as NodeJS.ReadableStream })
  for await (const line of lines) if (line.startsWith('[1/1]')) break
  let children: number[] = []
  // The first server is there as soon as the row has begun, or a moment later.
  while (children.length === 0) {
    children = childrenOf(run.pid as number)
    await new Promise((resolve) => setImmediate(resolve))
  }
  run.kill('SIGINT')
  assert.deepEqual(await once(run, 'exit'), [130, null])
  for (const pid of children) while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve))
})

/** A process that has ended and is not yet collected counts as ended. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z/.test(readFileSync(stat, 'utf8'))
}
