// Measures a path that is done in turns: as it is, and the same bytes by node:net alone; what is left is ours. Then, apart,
// what is made in a turn. Everything is counted, nothing is timed.

import { Counters } from './counters.ts'
import { clean, type Reading, sure, used } from './gauge.ts'
import type { Figures, Path, Turns } from './path.ts'
import type { Coverage } from './steps.ts'

const WINDOWS = 3

export interface TurnPath {
  readonly name: string
  readonly unit: Path['unit']
  /** In a turn. */
  readonly units: number
  /** Turns of a window: few enough that no garbage is collected in it. */
  readonly turns: number
  /** See `Path`. Default 0. */
  readonly rough?: number
  open(): Promise<Turns>
}

export function turnPath(path: TurnPath): Path {
  const { name, unit, units, turns, rough = 0 } = path
  const spread = units * turns * WINDOWS
  return { name, unit, spread, rough, measure: (coverage) => measure(path, coverage), doing: path }
}

async function measure({ open, turns: count, units }: TurnPath, coverage: Coverage): Promise<Figures> {
  const turns = await open()
  const ours = await cost(turns, count)
  const bare = await turns.bare()
  const net = await cost(bare, count)
  await bare.close()
  await coverage.restart()
  await turns.run(count)
  const steps = await coverage.steps()
  const counters = new Counters()
  await turns.run(count)
  const { runs, sent, encodings, deflates } = counters.stop()
  await turns.close()
  return {
    heap: (ours.heap - net.heap) / units,
    buffers: (ours.buffers - net.buffers) / units,
    reads: ours.reads,
    writes: ours.writes,
    runs: runs / count,
    sent: sent / count / units,
    steps: steps / count / units,
    encodings: encodings / count,
    deflates: deflates / count,
  }
}

/** What a turn costs this process. The first window makes what is made once: feedback, caches, a slab. */
async function cost(turns: Turns, count: number): Promise<Reading> {
  await turns.run(count)
  const readings: Reading[] = []
  for (let i = 0; i < WINDOWS; i++) {
    await clean()
    const own = { ...turns.peers }
    const { heap, buffers, reads, writes } = await used(() => turns.run(count))
    await sure()
    readings.push({
      heap: heap / count,
      buffers: buffers / count,
      reads: (reads - (turns.peers.reads - own.reads)) / count,
      writes: (writes - (turns.peers.writes - own.writes)) / count,
    })
  }
  const median = (kind: keyof Reading): number => {
    const values = readings.map((reading) => reading[kind]).sort((a, b) => a - b)
    return values[WINDOWS >> 1] as number
  }
  // A slab comes once in many turns: the mean knows it.
  const buffers = readings.reduce((sum, reading) => sum + reading.buffers, 0) / WINDOWS
  return { heap: median('heap'), buffers, reads: median('reads'), writes: median('writes') }
}
