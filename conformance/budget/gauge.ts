// Reads what this process has used up: heap, buffers, system calls. Exact where one thread does everything
// (`--single-threaded`) and no garbage is collected meanwhile, which is checked.

import { openSync, readSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'

/** Since the process began. */
export interface Reading {
  /** Bytes in use on V8's heap; without a collection, bytes allocated. */
  readonly heap: number
  /** Bytes of array buffers. */
  readonly buffers: number
  /** System calls of the read and of the write family (`syscr`, `syscw` in proc(5)). */
  readonly reads: number
  readonly writes: number
}

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

/** Collects all garbage, and begins to watch for more. */
export async function clean(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('the gauge needs node --expose-gc')
  globalThis.gc()
  globalThis.gc()
  await observed()
  collections = 0
}

/** What was used up by `run`: the gauge's own looks are left out, which are always the same. */
export async function used(run: () => Promise<void>): Promise<Reading> {
  const none = look()
  const before = look()
  await run()
  const after = look()
  return {
    heap: after.heap - before.heap - (before.heap - none.heap),
    buffers: after.buffers - before.buffers,
    reads: after.reads - before.reads - (before.reads - none.reads),
    writes: after.writes - before.writes,
  }
}

/** Bytes in use, behind `clean`. */
export function held(): Pick<Reading, 'heap' | 'buffers'> {
  return look()
}

/** @throws Error when garbage was collected since `clean`: what was read is no sum of allocations then */
export async function sure(): Promise<void> {
  await observed()
  if (collections > 0) throw new Error('garbage was collected within a window: make it shorter')
}

const IO = openSync('/proc/self/io', 'r')
const IO_TEXT = Buffer.alloc(512)

function look(): Reading {
  const io = IO_TEXT.toString('latin1', 0, readSync(IO, IO_TEXT, 0, IO_TEXT.length, 0))
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers, reads: field(io, 'syscr'), writes: field(io, 'syscw') }
}

/** Entries come to an observer in a turn of their own. */
async function observed(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

function field(io: string, name: string): number {
  return Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1])
}
