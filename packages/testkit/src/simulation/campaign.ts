// Many seeds in several processes: who runs what, what came of it, and the words for people. It judges nothing itself.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Bug } from './bugs.ts'
import { simulate } from './simulate.ts'
import { printTrace } from './trace.ts'
import type { SeedLine } from './worker.ts'

/** What a campaign came to. */
export interface Campaign {
  readonly seeds: number
  readonly failed: readonly SeedLine[]
  /** Seeds that a worker did not come back from. */
  readonly missing: readonly number[]
  readonly counts: ReadonlyMap<string, number>
  /** CPU time per seed, ms. */
  readonly cpu: number
  readonly hashes: ReadonlyMap<number, string>
}

export interface CampaignOptions {
  readonly first: number
  readonly last: number
  /** Processes; default 2. */
  readonly workers?: number
  readonly bug?: Bug
  /** As in SimulateOptions. */
  readonly counted?: boolean
  /** ms without a seed done after which the seed counts as hung; default 30,000. */
  readonly patience?: number
  readonly progress?: (done: number, failed: number) => void
}

/** Runs all seeds from `first` to `last`. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const { first, last, workers = 2, progress } = options
  const failed: SeedLine[] = []
  const counts = new Map<string, number>()
  const hashes = new Map<number, string>()
  let cpu = 0
  const take = (line: SeedLine): void => {
    hashes.set(line.seed, line.hash)
    cpu += line.cpu
    for (const [name, count] of Object.entries(line.counts)) counts.set(name, (counts.get(name) ?? 0) + count)
    if (line.findings.length > 0) failed.push(line)
    progress?.(hashes.size, failed.length)
  }
  await Promise.all(Array.from({ length: workers }, (_, at) => runWorker(options, first + at, workers, take)))
  const missing: number[] = []
  for (let seed = first; seed <= last; seed++) if (!hashes.has(seed)) missing.push(seed)
  failed.sort((a, b) => a.seed - b.seed)
  return { seeds: hashes.size, failed, missing, counts, cpu: cpu / Math.max(1, hashes.size), hashes }
}

/** Every `step`-th seed from `first` on; a seed that hangs is given up, the ones behind it are not. */
async function runWorker(
  options: CampaignOptions,
  first: number,
  step: number,
  take: (line: SeedLine) => void,
): Promise<void> {
  let next = first
  while (next <= options.last) {
    await runProcess(options, next, step, (line) => {
      next = line.seed + step
      take(line)
    })
    // It ended before its time: this seed it was.
    if (next <= options.last) next += step
  }
}

async function runProcess(
  { last, bug, counted = false, patience = 30_000 }: CampaignOptions,
  first: number,
  step: number,
  take: (line: SeedLine) => void,
): Promise<void> {
  // Beside this file, whether it runs as source or as built.
  const file = fileURLToPath(import.meta.url.replace(/campaign(\.[jt]s)$/, 'worker$1'))
  const chosen = [first, last, step, bug ?? '', counted].map(String)
  const child = spawn(process.execPath, [file, ...chosen], { stdio: ['ignore', 'pipe', 'inherit'] })
  const hung = (): boolean => child.kill('SIGKILL')
  let watch = setTimeout(hung, patience)
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(watch)
    watch = setTimeout(hung, patience)
    take(JSON.parse(line) as SeedLine)
  }
  clearTimeout(watch)
  await ended
}

/** What went wrong in one seed, with the end of the trace of the channel concerned: the seed is run again for it. */
export async function explain(
  { seed, findings }: SeedLine,
  how: { readonly bug?: Bug | null; readonly counted?: boolean } = {},
  lines = 60,
): Promise<string> {
  const first = findings[0]
  const said = findings.map(({ check, channel, observer, at, text }) => {
    const where = [channel, observer, `${at.toFixed(1)} ms`].filter((part) => part !== null).join(', ')
    return `  ${check}: ${text} (${where})`
  })
  const flags = `${how.bug ? ` --bug ${how.bug}` : ''}${how.counted ? ' --counted' : ''}`
  const { lines: trace } = await simulate(seed, { ...how, trace: true })
  const until = trace.filter((line) => first === undefined || line.at <= first.at + 50)
  return [
    `seed ${seed} fails: npm run simulate -- --seed ${seed} --trace${flags}`,
    ...said,
    printTrace(until, first?.channel ?? null, lines),
  ].join('\n')
}

/** How often what happened, in columns. */
export function summary({ counts, seeds, cpu }: Campaign): string {
  const names = [...counts.keys()].sort()
  const width = Math.max(...names.map((name) => name.length))
  const rows = names.map((name) => `  ${name.padEnd(width)} ${String(counts.get(name)).padStart(9)}`)
  return [`${seeds} seeds, ${cpu.toFixed(1)} ms of CPU each`, ...rows].join('\n')
}
