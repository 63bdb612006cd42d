// On what a run was made: the machine, and the versions of all who took part.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { bunBinary, CONTESTANTS, type Contestant, centrifugoBinary } from './contestants.ts'
import type { Results } from './results.ts'
import type { Plan } from './run.ts'

const ROOT = join(import.meta.dirname, '..')

function packageVersion(name: string): string {
  return (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version
}

function firstLine(binary: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(binary, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], cwd: ROOT })
      .split('\n')[0]
      ?.trim()
  } catch {
    // A checkout without git, a compiler that does not tell: the line is left out.
    return undefined
  }
}

/** ws takes bufferutil if it can be loaded: its own build or a prebuilt one. */
function bufferutilVersion(): string {
  try {
    createRequire(import.meta.url)('bufferutil')
    return packageVersion('bufferutil')
  } catch {
    return 'cannot be loaded: ws runs without it'
  }
}

function versions(present: readonly Contestant[]): Record<string, string> {
  const has = (id: string): boolean => present.some((contestant) => contestant.id === id)
  const bun = has('bun') ? bunBinary() : null
  const centrifugo = has('centrifugo') ? centrifugoBinary() : null
  const found: Record<string, string | undefined> = {
    Tautline: firstLine('git', ['describe', '--always', '--dirty']),
    'Node.js': process.versions.node,
    ws: packageVersion('ws'),
    bufferutil: bufferutilVersion(),
    'Socket.IO': packageVersion('socket.io'),
    Bun: bun === null ? undefined : firstLine(bun, ['--version']),
    Centrifugo:
      centrifugo === null
        ? undefined
        : firstLine(centrifugo, ['version'])
            ?.replace(/^Centrifugo v/, '')
            .replace(/ .*/, ''),
    'C compiler': firstLine('cc', ['--version']),
  }
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Everything of the results but what was measured. */
export function describe(plan: Plan): Omit<Results, 'rows' | 'skipped'> {
  const present = CONTESTANTS.filter((one) => plan.rows.some(({ contestants }) => contestants.includes(one)))
  return {
    date: new Date().toISOString().slice(0, 10),
    rounds: plan.rounds,
    secondsPerMeasurement: plan.pace.seconds,
    idleConnections: plan.pace.idle,
    machine: {
      processor: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      kernel: `${type()} ${release()}`,
    },
    versions: versions(present),
    contestants: Object.fromEntries(present.map(({ id, name }) => [id, name])),
  }
}
