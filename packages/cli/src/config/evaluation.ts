// The thread in which a configuration that is a script runs: see evaluate.ts.

import * as module from 'node:module'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { Told } from './evaluate.ts'

const url = workerData as string
lendPackages()
tell(await evaluate())

/** What a configuration imports of ours is there wherever the file lies: with `npx tautline`, nothing is installed beside it. */
function lendPackages(): void {
  module.registerHooks?.({
    resolve: (specifier, context, next) => {
      try {
        return next(specifier, context)
      } catch (error) {
        if (!specifier.startsWith('@tautline/')) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
}

async function evaluate(): Promise<Told> {
  let exported: { readonly default?: unknown }
  try {
    exported = await import(url)
  } catch (error) {
    return { error: explain(error), place: placeIn(error) }
  }
  if (exported.default === undefined)
    return { error: 'has no default export: write `export default defineConfig({ … })`' }
  const strange = firstStranger(exported.default, [])
  if (strange !== null) {
    return { error: `${strange} is a function: a configuration is data (hooks in code: docs/guides/embedding.md)` }
  }
  return { value: exported.default }
}

function tell(told: Told): void {
  try {
    parentPort?.postMessage(told)
  } catch (error) {
    parentPort?.postMessage({ error: `cannot be used: ${String(error)}` } satisfies Told)
  }
}

/** The path of the first function, as text. */
function firstStranger(value: unknown, above: readonly object[], path = 'the default export'): string | null {
  if (typeof value === 'function') return path
  if (typeof value !== 'object' || value === null || above.includes(value)) return null
  for (const [key, one] of Object.entries(value)) {
    const found = firstStranger(one, [...above, value], above.length === 0 ? key : `${path}.${key}`)
    if (found !== null) return found
  }
  return null
}

function explain(error: unknown): string {
  const { message, code } = error as Error & { code?: string }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return `has syntax that Node cannot take away: ${message}`
  return `failed: ${message}`
}

/** Where in the file it failed: `file:///…/tautline.config.ts:3:7` in the stack. */
function placeIn(error: unknown): { line: number; column: number } | null {
  const stack = String((error as Error).stack)
  for (const name of [url, fileURLToPath(url)]) {
    const at = stack.indexOf(`${name}:`)
    const [, line, column] = at < 0 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(at + name.length)) ?? [])
    if (line !== undefined) return { line: Number(line), column: Number(column ?? 1) }
  }
  return null
}
