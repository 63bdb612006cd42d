// A configuration from all its sources: flags over environment over file. Whatever is wrong is collected, and told at
// once with its place.

import { dirname } from 'node:path'
import { crossChecks } from './cross-checks.ts'
import { constant, type Environment, type Override, readEnvironment } from './environment.ts'
import { type Finding, judge } from './judge.ts'
import { ConfigError, type Path, type Problem } from './problem.ts'
import type { Config } from './schema.ts'
import { fillIn, variablesIn } from './secrets.ts'
import { findConfig, readSource, type Source } from './source.ts'

/** A setting that was given on the command line. */
export interface Flag {
  readonly flag: string
  readonly path: Path
  readonly value: unknown
}

export interface Wanted {
  /** The file; undefined: that of the folder. */
  readonly file: string | undefined
  readonly folder: string
  readonly environment: Environment
  readonly flags: readonly Flag[]
}

export interface Loaded {
  readonly config: Config
  /** null: there is no file. */
  readonly file: string | null
  /** The file as messages call it. */
  readonly name: string | null
  /** What paths in it are relative to. */
  readonly folder: string
  /** Texts that must never be printed. */
  readonly secrets: readonly string[]
  /** Says where a finding of somebody else stands. */
  readonly problemOf: (finding: Finding) => Problem
}

/** @throws ConfigError */
export async function loadConfig({ file: given, folder, environment, flags }: Wanted): Promise<Loaded> {
  const file = findConfig(given ?? environment['TAUTLINE_CONFIG'], folder)
  const source = file === null ? null : await readSource(file, folder)
  const { given: overrides, wrong } = readEnvironment(environment, variablesIn(source?.value))
  const problems: Problem[] = wrong.map(({ variable, text }) => {
    return { source: 'environment', place: null, path: [], text: `${variable} ${text}` }
  })
  const base = source === null ? {} : source.value
  const merged = isObject(base) ? merge(structuredClone(base), [...overrides, ...flags]) : base
  const at = file === null ? folder : dirname(file)
  const { value, findings, secrets } = fillIn(merged, environment, at)
  const problemOf = (finding: Finding): Problem => locate(finding, source, overrides, flags)
  const judged = judge(value)
  // Of what could not be filled in, only that is told.
  const rest = 'findings' in judged ? judged.findings : []
  const all = [
    ...findings,
    ...[...rest, ...crossChecks(value)].filter((one) => !findings.some((other) => concerns(other.path, one.path))),
  ]
  problems.push(...all.map(problemOf))
  if (problems.length > 0 || !('config' in judged)) throw new ConfigError(sorted(problems))
  return { config: judged.config, file, name: source?.name ?? null, folder: at, secrets, problemOf }
}

/** Puts settings into a configuration, making what is missing on the way. */
function merge(base: Record<string, unknown>, settings: readonly { path: Path; value: unknown }[]): unknown {
  // The shorter path first: TAUTLINE_STORE may be refined by TAUTLINE_STORE__FILE.
  for (const { path, value } of settings.toSorted((a, b) => a.path.length - b.path.length)) {
    let here: Record<string | number, unknown> = base
    for (const [i, step] of path.entries()) {
      if (i === path.length - 1) here[step] = value
      else {
        if (!isObject(here[step]) && !Array.isArray(here[step])) here[step] = typeof path[i + 1] === 'number' ? [] : {}
        here = here[step] as Record<string | number, unknown>
      }
    }
  }
  return base
}

function locate(
  finding: Finding,
  source: Source | null,
  overrides: readonly Override[],
  flags: readonly Flag[],
): Problem {
  const { path, at, text } = finding
  const flag = flags.find((one) => isBelow(one.path, path))
  if (flag !== undefined) return { source: flag.flag, place: null, path: [], text }
  const override = overrides.toReversed().find((one) => isBelow(one.path, path))
  if (override !== undefined) {
    const below = path.slice(override.path.length)
    return { source: 'environment', place: null, path: [], text: [override.variable, ...below, text].join(' ') }
  }
  if (source === null && path.length > 0) {
    const variable = `TAUTLINE_${path.map((step) => constant(String(step))).join('__')}`
    return { source: 'configuration', place: null, path, text: `${text} (${variable} sets it)` }
  }
  if (source === null) return { source: 'configuration', place: null, path, text }
  return { source: source.name, place: source.locate(path, at), path, text }
}

/** Is it about what could not be filled in? `secret.env` that is not set leaves nothing for `secret`. */
function concerns(missing: Path, path: Path): boolean {
  const last = missing.at(-1)
  return isBelow(missing, path) || (isBelow(path, missing) && path.length === missing.length - 1 && isPointer(last))
}

function isPointer(step: string | number | undefined): boolean {
  return step === 'env' || step === 'file'
}

function isBelow(above: Path, path: Path): boolean {
  return above.every((step, i) => step === path[i])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  const line = ({ place }: Problem): number => (place === null ? 0 : place.line * 1_000 + place.column)
  return problems.toSorted((a, b) => line(a) - line(b))
}
