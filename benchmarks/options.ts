// The arguments of `npm run bench`.

import { parseArgs } from 'node:util'
import { CONTESTANTS } from './contestants.ts'
import { WORKLOADS } from './workloads.ts'

const ROUNDS = 5

export interface Options {
  readonly help: boolean
  readonly quick: boolean
  readonly rounds: number
  readonly only: string
  /** Ids; null: all. */
  readonly contestants: readonly string[] | null
  readonly write: boolean
}

/** What was asked for makes no sense; the message says why. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export const HELP = `npm run bench -- [options]

Measures the server's CPU time per message, contestants taking turns, each server alone on the first core.

  --quick              one short round of the main rows, under two minutes; says what it leaves out
  --rounds N           rounds for each figure (${ROUNDS}); medians are reported
  --only TEXT          rows whose name or id contains TEXT, such as "echo 125", bursts, idle
  --contestants A,B    only these, and ws, to which the ratios are
  --write              write benchmarks/results.md, results.json, the plots and the table in README.md; whole runs only
  --help               this

Contestants: ${CONTESTANTS.map(({ id }) => id).join(', ')}. Some need to be installed: npm run bench:setup
Rows: ${WORKLOADS.map(({ id }) => id).join(', ')}

  npm run bench -- --only "echo 125" --contestants engine,bun --rounds 3
`

/**
 * Reads the arguments.
 *
 * @throws UsageError naming the argument that is wrong and what it may be
 */
export function readOptions(args: readonly string[]): Options {
  const { help, quick, write, only, rounds, contestants } = parse(args)
  const count = Number(rounds ?? (quick ? 1 : ROUNDS))
  if (!Number.isInteger(count) || count < 1 || count > 100)
    throw new UsageError(`--rounds takes a whole number from 1 to 100, not "${rounds}"`)
  if (!WORKLOADS.some((workload) => isMeant(workload, only)))
    throw new UsageError(`no row has "${only}" in its name; the rows are ${WORKLOADS.map(({ id }) => id).join(', ')}`)
  if (write && (quick || only !== '' || contestants !== undefined))
    throw new UsageError('--write is for a whole run: without --quick, --only and --contestants')
  return { help, quick, rounds: count, only, contestants: ids(contestants), write }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string', default: '' },
        contestants: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function ids(list: string | undefined): readonly string[] | null {
  if (list === undefined) return null
  const asked = list.split(',').map((id) => id.trim())
  const known = CONTESTANTS.map(({ id }) => id)
  const unknown = asked.find((id) => !known.includes(id))
  if (unknown !== undefined)
    throw new UsageError(`there is no contestant "${unknown}"; the contestants are ${known.join(', ')}`)
  return asked
}

/** Is this row one of those that `--only` asks for? */
export function isMeant(workload: { readonly id: string; readonly name: string }, only: string): boolean {
  return workload.name.includes(only) || workload.id.includes(only)
}
