// `npm run budget`: what the hot paths cost now, beside their limits.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { instructionsOf } from './instructions.ts'
import { isOver, shown, type Verdict, verdicts } from './judge.ts'
import { FIGURES_FILE, type Measured, RULES, readMeasured } from './limits.ts'
import type { Figures, Kind, Path } from './path.ts'
import { PATHS } from './paths.ts'
import { child, count, without } from './run.ts'

const HELP = `npm run budget -- [options]
  --only TEXT            paths whose name contains TEXT
  --explain NAME         where the bytes and the steps of a path come from
  --instructions NAME    instructions of a path in user space, by valgrind: minutes, and nothing fails by them
  --write                makes what is measured now the base of the limits (figures.json)

Paths: ${PATHS.map(({ name }) => name).join('; ')}
`

interface Options {
  readonly only: string
  readonly explain: Path | undefined
  readonly instructions: Path | undefined
  readonly write: boolean
}

/** Reads the arguments; says what is wrong with them and ends. */
function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        explain: { type: 'string' },
        instructions: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const { only, write } = values
    if (!PATHS.some(({ name }) => name.includes(only))) throw new Error(`no path has "${only}" in its name`)
    return { only, write, explain: named(values.explain), instructions: named(values.instructions) }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

/** @throws Error where a name was given, but no path has it that does something */
function named(name: string | undefined): Path | undefined {
  const path = PATHS.find((one) => one.name === name && one.doing !== null)
  if (name !== undefined && path === undefined) throw new Error(`no path that could be looked into is called "${name}"`)
  return path
}

/** Less than that of its limit's base: the limit could be lower. */
const SLACK = 0.9

function print(path: Path, all: readonly Verdict[]): void {
  console.log(`\n${path.name}`)
  for (const verdict of all) {
    const { kind, now, base, limit } = verdict
    const { text, perUnit } = RULES[kind]
    const what = `${text} a ${perUnit ? path.unit : 'turn'}`
    const word = isOver(verdict)
      ? 'OVER'
      : base > 0 && now < base * SLACK
        ? 'less than the limit supposes: --write'
        : ''
    console.log(
      `  ${what.padEnd(58)} ${shown(now).padStart(10)}  limit ${shown(limit).padStart(10)}  ${word}`.trimEnd(),
    )
  }
}

/** Two digits behind the point: what is behind them is no cost. */
function rounded(figures: Figures): Figures {
  const entries = (Object.entries(figures) as [Kind, number][]).map(([kind, value]) => [
    kind,
    // Never −0, which JSON does not know.
    Math.round(value * 100) / 100 + 0,
  ])
  return Object.fromEntries(entries) as Figures
}

async function main({ only, explain, instructions, write }: Options): Promise<boolean> {
  if (explain !== undefined) console.log(await child('explain.ts', explain.name))
  if (instructions !== undefined) {
    const { ours, net } = await instructionsOf(instructions)
    const beyond = `${shown(ours - net)} beyond node:net (${shown(net)}, the peers' part included)`
    console.log(`${instructions.name}: ${shown(ours)} instructions a ${instructions.unit}, ${beyond}`)
  }
  if (explain !== undefined || instructions !== undefined) return true
  const measured = readMeasured()
  const fresh: Record<string, Figures> = {}
  let good = true
  for (const path of PATHS) {
    const kept = measured.paths[path.name]
    if (!path.name.includes(only)) {
      if (kept !== undefined) fresh[path.name] = kept
      continue
    }
    const now = rounded(await count(path.name))
    fresh[path.name] = now
    const all = verdicts(path, now, write ? { ...measured, paths: fresh } : measured)
    print(path, all)
    if (all.some(isOver)) good = false
  }
  const next: Measured = { node: process.versions.node, paths: fresh }
  if (write) writeFileSync(FIGURES_FILE, `${JSON.stringify(next, null, 2)}\n`)
  return good
}

const options = readOptions()
if (without !== false) {
  console.error(without)
  process.exit(2)
}
process.exit((await main(options)) ? 0 : 1)
