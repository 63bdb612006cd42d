// Where a path's bytes and steps come from (`npm run budget -- --explain NAME`): functions with what each allocates, itself
// or through built-ins, and how often each is called. Runs in a fresh process, as the counting does.

import { Session } from 'node:inspector/promises'
import { Coverage } from './steps.ts'

const SHOWN = 30

interface Node {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly selfSize: number
  readonly children: readonly Node[]
}

/** A built-in is put down to the function that called it: `push < settle packages/…`. */
function add(bytes: Map<string, number>, { callFrame, selfSize, children }: Node, caller: string): void {
  const { functionName, url, lineNumber } = callFrame
  const name = functionName || '(anonymous)'
  const file = url.replace(/^.*\/(packages|conformance)\//, '$1/')
  const place = url === '' ? `${name} < ${caller}` : `${name} ${file}:${lineNumber + 1}`
  bytes.set(place, (bytes.get(place) ?? 0) + selfSize)
  for (const child of children) add(bytes, child, url === '' ? caller : place)
}

function print(title: string, rows: readonly (readonly [place: string, value: number])[]): void {
  console.log(`\n${title}`)
  for (const [place, value] of [...rows].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)) {
    if (value >= 0.05) console.log(`${value.toFixed(1).padStart(10)}  ${place}`)
  }
}

const coverage = await Coverage.begin()
const { PATHS } = await import('./paths.ts')
const path = PATHS.find(({ name }) => name === process.argv[2])
if (path === undefined || path.doing === null) throw new Error(`there is nothing to explain of ${process.argv[2]}`)
const { turns, units, open } = path.doing
const doing = await open()
await doing.run(turns)
const session = new Session()
session.connect()
await session.post('HeapProfiler.startSampling', {
  samplingInterval: 32,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
await doing.run(turns)
const { profile } = await session.post('HeapProfiler.stopSampling')
const bytes = new Map<string, number>()
add(bytes, profile.head, 'nobody')
const each = turns * units
print(
  `${path.name}: bytes of heap a ${path.unit}, Node's and the peers' among them`,
  [...bytes].map(([place, size]) => [place, size / each]),
)
await coverage.restart()
await doing.run(turns)
const steps = await coverage.byFunction()
print(
  `calls and loop passes a ${path.unit}`,
  steps.map(([place, count]) => [place, count / each]),
)
process.exit()
