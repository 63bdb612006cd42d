// Starts a fresh process for each path, in which one thread does everything and nothing depends on time.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Figures } from './path.ts'

/**
 * No compiler, so that every allocation that the source asks for is made: which ones an optimiser leaves out hangs on what
 * it has inlined, and moves by 10 % when something else changes. A young generation that holds a whole window. No thread
 * beside the first, so that nothing depends on which one is quicker.
 */
const FLAGS = [
  '--expose-gc',
  '--single-threaded',
  '--no-opt',
  '--no-maglev',
  '--min-semi-space-size=64',
  '--max-semi-space-size=128',
]

/** Why nothing can be counted here, or false. For `skip`. */
export const without: string | false = existsSync('/proc/self/io')
  ? false
  : 'missing /proc/self/io: system calls cannot be counted'

/** Runs a script of this folder in a process of its own. What it prints. */
export async function child(script: string, ...args: readonly string[]): Promise<string> {
  // Not what the runner of the tests has set: it watches output, and would be counted.
  const env = { ...process.env, NODE_OPTIONS: '--conditions=tautline-source', NODE_V8_COVERAGE: undefined }
  const file = join(import.meta.dirname, script)
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, file, ...args], { env, timeout: 60_000 })
  return stdout
}

/**
 * Counts a path.
 *
 * @param module whose PATHS has it, if not paths.ts
 */
export async function count(name: string, module?: string): Promise<Figures> {
  return JSON.parse(await child('child.ts', name, ...(module === undefined ? [] : [module]))) as Figures
}
