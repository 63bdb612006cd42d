// `npm run check`: types, then format, lint and import directions. All steps run, so that one look shows everything.

import { step } from './run.ts'

/** Runs the checks; false if one of them failed. */
export async function check(): Promise<boolean> {
  const types = await step('types (tsc -b)', 'tsc', ['-b'])
  const lint = await step('format, lint, import directions and cycles (biome)', 'biome', [
    'ci',
    '--error-on-warnings',
    ...(process.stdout.isTTY ? [] : ['--colors=off']),
    '.',
  ])
  return types && lint
}

if (import.meta.main && !(await check())) process.exit(1)
