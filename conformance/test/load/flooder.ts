// A flood in a process of its own, at the lowest priority: what it costs to make must not be taken for what it does to the
// others. Started by guest.ts with the name of the flood and a port.

import { setPriority } from 'node:os'
import { FLOODS, flood, HOGS } from './flood.ts'

const [name, port] = process.argv.slice(2)
const options = [...FLOODS, ...HOGS].find((one) => one.name === name)
if (options === undefined) throw new Error(`there is no flood ${name}`)
setPriority(19)
let running = true
process.on('message', () => {
  running = false
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
const toll = await flood(options, Number(port), () => running)
process.send?.(toll)
process.disconnect()
