// Measures one table in a process of its own, so that none is compiled for what another one did: `node child.ts NAME`.

import { measure } from './table.ts'
import { TABLES } from './tables.ts'

const table = TABLES.find(({ name }) => name === process.argv[2])
if (table === undefined) throw new Error(`there is no table ${process.argv[2]}`)
console.log(JSON.stringify(await measure(table)))
process.exit()
