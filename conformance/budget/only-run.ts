// Runs a path so many turns and ends, for whoever counts from outside: `node only-run.ts NAME TURNS ours|net`.

import { PATHS } from './paths.ts'

const [name, turns, whose] = process.argv.slice(2)
const path = PATHS.find((one) => one.name === name)
if (path === undefined || path.doing === null) throw new Error(`there is nothing to run of ${name}`)
const ours = await path.doing.open()
// Both begin with the same turns: what they are compiled for is the same.
await ours.run(path.doing.turns)
const doing = whose === 'net' ? await ours.bare() : ours
await doing.run(Number(turns))
process.exit()
