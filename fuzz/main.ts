// `npm run fuzz -- [target]... [--seconds n] [--seed n] [--file path]`: all targets, or some, for a while each.

import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Finding, fuzz, replay } from './driver.ts'
import { TARGETS } from './targets/mod.ts'

const USAGE = `npm run fuzz -- [target]... [options]
  --seconds N   how long for each target (default 10)
  --seed N      repeat a run with the seed it printed
  --file PATH   run one input again; name its target
targets: ${TARGETS.map(({ name }) => name).join(', ')}`

/** Ends with the usage; what was wrong goes before it. */
function usage(wrong?: string): never {
  console.error(wrong === undefined ? USAGE : `${wrong}\n\n${USAGE}`)
  process.exit(wrong === undefined ? 0 : 2)
}

function readArguments(): { names: string[]; milliseconds: number; seed: number; file: string | undefined } {
  let parsed: {
    positionals: string[]
    values: Partial<Record<'seconds' | 'seed' | 'file', string>> & { help?: boolean }
  }
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '10' },
        seed: { type: 'string' },
        file: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    usage((error as Error).message)
  }
  const { positionals, values } = parsed
  if (values.help) usage()
  const unknown = positionals.find((name) => !TARGETS.some((target) => target.name === name))
  if (unknown !== undefined) usage(`there is no target ${unknown}`)
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) usage('--seconds must be a number above 0')
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
  if (!Number.isInteger(seed)) usage('--seed must be an integer')
  const { file } = values
  if (file !== undefined && positionals.length !== 1) usage('--file needs the name of its target')
  if (file !== undefined && !existsSync(file)) usage(`there is no file ${file}`)
  return { names: positionals, milliseconds: seconds * 1000, seed, file }
}

const { names, milliseconds, seed, file } = readArguments()
for (const target of TARGETS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (file !== undefined) {
    replay(target, file)
    console.log(`${target.name}: nothing found in ${file}`)
    continue
  }
  try {
    const runs = fuzz(target, seed, milliseconds)
    console.log(`${target.name}: nothing found in ${runs} inputs, seed ${seed}`)
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    console.error(error)
    process.exitCode = 1
  }
}
