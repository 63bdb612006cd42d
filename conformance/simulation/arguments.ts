// What `npm run simulate` is asked for: reads the command line, and says what is wrong with it and what to write instead.
// It runs nothing.

import { parseArgs } from 'node:util'
import { BUGS, type Bug } from '@tautline/testkit/simulation'

/** The command line as it was meant. */
export type Wish =
  | { readonly what: 'help' }
  | { readonly what: 'wrong'; readonly text: string }
  | { readonly what: 'one'; readonly seed: number; readonly trace: Shown | null; readonly how: How }
  | {
      readonly what: 'many'
      readonly first: number
      readonly last: number
      readonly workers: number
      readonly how: How
    }

/** What is another than usual. */
export interface How {
  readonly bug: Bug | null
  readonly counted: boolean
}

/** Which lines of a trace. */
export interface Shown {
  readonly channel: string | null
  readonly last: number
}

export const HELP = `Runs whole clusters on virtual time under faults, and judges each run.

  A seed becomes a world: one to three real servers, two to six real clients, a shared store, the network between them.
  The clients subscribe, publish, call and leave at random; connections break, nodes crash, the store fails over. Then
  all faults end, and a checker compares what everybody was told with what the store had. The same seed gives the same
  run to the last event. No clock and no network of this machine is used.

npm run simulate -- --seeds 1..2000                 many seeds, in two processes: about a minute
npm run simulate -- --seed 17                       one seed: its plan, and what the checker found
npm run simulate -- --seed 17 --trace               all that happened in it, line by line
npm run simulate -- --seed 17 --trace --channel chat:a --last 80
npm run simulate -- --seeds 1..40 --bug skips-one   with something broken on purpose: the checker must notice

  --seeds A..B     the seeds from A to B
  --seed N         the seed N
  --trace          with --seed: prints every frame, fault and message with its time in ms
  --channel NAME   with --trace: only what concerns this channel, or all of them
  --last N         with --trace: only the last N lines
  --workers N      with --seeds: how many processes, 1 to 64; default 2
  --bug NAME       breaks the world in one thing; the names are
                   ${wrapped(BUGS, 90, ' '.repeat(19))}
  --counted        channels begin at the store's own sequence, as in JetStream and Kafka; no broker here does that yet,
                   and nodes and clients are not ready for it
  --help           this text

How to read a failure
  "seed 17 fails" is followed by the promises that were broken, each with channel, observer and time, and by the end of
  the trace of that channel. c1/0 is the first subscription of the application on client c1, c1#4 is connection 4 as its
  frames show it; → goes to the node, ← comes from it; *** is a fault. Run the seed alone with --trace for the rest.

Ends with 0 when every promise was kept, 1 when one was broken or a seed never ended, 2 when the arguments are wrong.`

/** Reads the arguments behind the name of the script. Never throws. */
export function readArguments(args: readonly string[]): Wish {
  let values: ReturnType<typeof parsed>
  try {
    values = parsed(args)
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
  const { seeds, seed, trace, channel, last, workers, counted, bug: named } = values
  if (values.help || args.length === 0) return { what: 'help' }
  if ((seeds === undefined) === (seed === undefined)) return wrong('give either --seeds 1..2000 or --seed 17')
  const bug = named === undefined ? null : (BUGS.find((one) => one === named) ?? undefined)
  if (bug === undefined) return wrong(`no bug is called ${JSON.stringify(named)}; --help lists their names`)
  if (!trace && (channel ?? last) !== undefined) return wrong('--channel and --last choose lines of a --trace: add it')
  if (seeds !== undefined)
    return trace ? wrong('--trace shows one seed: give --seed 17') : many(seeds, workers, { bug, counted })
  if (workers !== undefined) return wrong('--workers is for many seeds: give --seeds 1..2000')
  const number = numberOf(seed as string, 0)
  const lines = last === undefined ? Number.POSITIVE_INFINITY : numberOf(last, 1)
  if (number === null) return wrong(`--seed takes a whole number from 0, not ${JSON.stringify(seed)}`)
  if (lines === null) return wrong(`--last takes a number of lines, not ${JSON.stringify(last)}`)
  const shown = trace ? { channel: channel ?? null, last: lines } : null
  return { what: 'one', seed: number, trace: shown, how: { bug, counted } }
}

function many(seeds: string, workers: string | undefined, how: How): Wish {
  const [, from = '', to = ''] = /^(\d+)\.\.(\d+)$/.exec(seeds) ?? []
  const first = numberOf(from, 0)
  const last = numberOf(to, 0)
  if (first === null || last === null) return wrong(`--seeds takes a range like 1..2000, not ${JSON.stringify(seeds)}`)
  if (last < first) return wrong(`--seeds ${seeds} is empty: the smaller number comes first, ${last}..${first}`)
  const count = workers === undefined ? 2 : numberOf(workers, 1)
  if (count === null || count > 64) return wrong(`--workers takes 1 to 64, not ${JSON.stringify(workers)}`)
  return { what: 'many', first, last, workers: count, how }
}

function parsed(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      channel: { type: 'string' },
      last: { type: 'string' },
      workers: { type: 'string' },
      bug: { type: 'string' },
      counted: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

/** Seeds are 32 bits. */
function numberOf(text: string, least: number): number | null {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : -1
  return number >= least && number < 2 ** 32 ? number : null
}

function wrong(text: string): Wish {
  return { what: 'wrong', text }
}

function wrapped(words: readonly string[], width: number, indent: string): string {
  const lines: string[] = ['']
  for (const word of words) {
    const line = lines.at(-1) as string
    if (line.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join(`\n${indent}`)
}
