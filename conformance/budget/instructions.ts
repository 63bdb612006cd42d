// Instructions of one message in user space (`npm run budget -- --instructions NAME`), with the optimising compiler on:
// valgrind runs the path twice as long the second time, and the difference is what the turns between cost. Minutes, not
// seconds, and a tool that few machines have: so this is for looking, and nothing fails by it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Path } from './path.ts'

/** Turns until everything is compiled as it stays, and as many to be counted. */
const TURNS = 3_000

const VALGRIND = [
  '--tool=cachegrind',
  '--cache-sim=no',
  '--branch-sim=no',
  '--cachegrind-out-file=/dev/null',
  // Code that V8 writes, and writes anew.
  '--smc-check=all-non-file',
]
const NODE = [
  '--conditions=tautline-source',
  '--single-threaded',
  '--min-semi-space-size=64',
  '--max-semi-space-size=128',
]

/** For each unit of the path. */
export interface Instructions {
  /** The peers' part included. */
  readonly ours: number
  /** The same bytes by node:net alone. */
  readonly net: number
}

/** @throws Error when there is no valgrind, or it cannot run this Node */
export async function instructionsOf({ name, doing }: Path): Promise<Instructions> {
  if (doing === null) throw new Error(`there is nothing to run of ${name}`)
  const { units } = doing
  const each = async (whose: 'ours' | 'net'): Promise<number> => {
    const once = await total(name, TURNS, whose)
    return ((await total(name, 2 * TURNS, whose)) - once) / TURNS / units
  }
  const [ours, net] = await Promise.all([each('ours'), each('net')])
  return { ours, net }
}

async function total(name: string, turns: number, whose: string): Promise<number> {
  const script = [join(import.meta.dirname, 'only-run.ts'), name, String(turns), whose]
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const { stderr } = await promisify(execFile)('valgrind', [...VALGRIND, process.execPath, ...NODE, ...script], { env })
  const found = /I +refs: +([\d,]+)/.exec(stderr)
  if (found === null) throw new Error(`valgrind said nothing of instructions:\n${stderr}`)
  return Number(found[1]?.replaceAll(',', ''))
}
