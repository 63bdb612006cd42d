// The limits: what was measured (figures.json, written by `npm run budget -- --write`) and how much more of each kind a path
// may cost before the build fails.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Figures, Kind, Path } from './path.ts'

/** What is counted. */
export interface Rule {
  /** As in "so many … a message". */
  readonly text: string
  /** For each unit of the path; otherwise for each turn. */
  readonly perUnit: boolean
  /** What may come on top: a part of the figure, and so much in any case. */
  readonly part: number
  readonly fixed: (path: Pick<Path, 'spread'>) => number
}

const nothing = (): number => 0

/**
 * A slab of 64 KiB is shared by many messages: whether one more or less began within the measurement is no cost of a
 * path, but hangs on what ran before.
 */
const oneSlab = ({ spread }: Pick<Path, 'spread'>): number => (64 * 1024) / spread

export const RULES: Readonly<Record<Kind, Rule>> = {
  // Within one version of Node and of our code this is exact to 0.1 %. 5 % is for a path that changes by a field or two
  // without anybody having meant it; 8 bytes are the alignment of an object.
  heap: { text: 'bytes of heap beyond node:net', perUnit: true, part: 0.05, fixed: () => 8 },
  buffers: { text: 'bytes of buffers beyond node:net', perUnit: true, part: 0.05, fixed: oneSlab },
  // Whole numbers, the same in each turn. A turn in which a slab ends has one run more.
  reads: { text: 'read system calls', perUnit: false, part: 0, fixed: nothing },
  writes: { text: 'write system calls', perUnit: false, part: 0, fixed: nothing },
  runs: { text: 'different runs of bytes handed to streams', perUnit: false, part: 0.02, fixed: () => 0.1 },
  // Compressed bytes hang on the version of zlib that Node brings; everything else is the same byte for byte.
  sent: { text: 'bytes handed to streams', perUnit: true, part: 0.02, fixed: nothing },
  // Exact too. But a small function more costs nothing where it is called in one way only: two are free, and a tenth is.
  // A loop over the bytes of a message, or one more layer under each, is neither.
  steps: { text: 'calls and loop passes in packages/', perUnit: true, part: 0.1, fixed: () => 2 },
  encodings: { text: 'texts or messages encoded or decoded', perUnit: false, part: 0, fixed: nothing },
  deflates: { text: 'calls of deflate', perUnit: false, part: 0, fixed: nothing },
  // Of a server as a whole there are a few, too.
  timers: { text: 'timers', perUnit: true, part: 0, fixed: () => 0.1 },
  listeners: { text: 'listeners that are shared with no other stream', perUnit: true, part: 0, fixed: nothing },
}

export const FIGURES_FILE: string = join(import.meta.dirname, 'figures.json')

/** What was measured when the limits were set, and with which Node. */
export interface Measured {
  readonly node: string
  readonly paths: Readonly<Record<string, Figures>>
}

export function readMeasured(): Measured {
  return JSON.parse(readFileSync(FIGURES_FILE, 'utf8')) as Measured
}

/** The most that a figure may be. A negative one is what a path saves against node:net. */
export function limitOf(kind: Kind, figure: number, path: Pick<Path, 'spread' | 'rough'>): number {
  const { part, fixed } = RULES[kind]
  return figure + Math.abs(figure) * Math.max(part, path.rough) + fixed(path)
}
