// `npm run fuzz -- [target] [--seconds n] [--seed n] [--file path]`: all targets, or one, for a while each.

import { parseArgs } from 'node:util'
import { Finding, fuzz, replay } from './driver.ts'
import { TARGETS } from './targets/mod.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' }, file: { type: 'string' } },
})

const chosen = TARGETS.filter((target) => positionals.length === 0 || positionals.includes(target.name))
if (chosen.length === 0) {
  console.error(`there is no such target; there are ${TARGETS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
for (const target of chosen) {
  if (values.file !== undefined) {
    replay(target, values.file)
    console.log(`${target.name}: nothing found in ${values.file}`)
    continue
  }
  try {
    const runs = fuzz(target, seed, Number(values.seconds) * 1000)
    console.log(`${target.name}: nothing found in ${runs} inputs, seed ${seed}`)
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    console.error(error)
    process.exitCode = 1
  }
}
