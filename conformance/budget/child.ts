// Counts one path in this process, which has to be a fresh one (run.ts): `node child.ts NAME [MODULE]` prints JSON.

import { pathToFileURL } from 'node:url'
import type { Path } from './path.ts'
import { Coverage } from './steps.ts'

const [name, module] = process.argv.slice(2)
const coverage = await Coverage.begin()
// Loaded now, so that its loops have counters.
const { PATHS } = (await import(module === undefined ? './paths.ts' : pathToFileURL(module).href)) as {
  readonly PATHS: readonly Path[]
}
const path = PATHS.find((one) => one.name === name)
if (path === undefined) throw new Error(`there is no path ${name}`)
console.log(JSON.stringify(await path.measure(coverage)))
process.exit()
