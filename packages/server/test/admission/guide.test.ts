import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { LIMITS } from '@tautline/wire'
import { LIMIT_NAMES } from '../../src/admission/limit-name.ts'
import { ADMISSION } from '../../src/admission/options.ts'
import { createRealtime } from '../../src/mod.ts'

const guide = readFileSync(new URL('../../../../docs/guides/limits.md', import.meta.url), 'utf8')

/** The rows of all tables of a kind: option, default, answer, counted as. */
function rows(kind: string): string[][] {
  const tables = guide.split(`<!-- table: ${kind} -->\n`).slice(1)
  assert.ok(tables.length > 0)
  return tables.flatMap((rest) =>
    (rest.split('\n\n')[0] as string)
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  )
}

/** What a default begins with, as a value. */
function meant(cell: string): unknown {
  const [, number] = /^([\d,]+)\b(?! %)/.exec(cell) ?? []
  if (number !== undefined) return Number(number.replaceAll(',', ''))
  if (cell === 'none') return []
  return cell.startsWith("'") ? cell.slice(1, -1) : null
}

function documented(kind: string): Record<string, unknown> {
  return Object.fromEntries(rows(kind).map(([name = '', value = '']) => [name.replaceAll('`', ''), meant(value)]))
}

test('the guide names each option of admission and each limit, with the default that holds', () => {
  assert.deepEqual(documented('admission'), { ...ADMISSION })
  assert.deepEqual(documented('limits'), { ...LIMITS })
})

test('the guide says of each limit what happens over it, and under which name that is counted', () => {
  const named = new Set<string>()
  for (const [option, , answer, counted = ''] of [...rows('admission'), ...rows('limits')]) {
    if (!/Proxies|Protocol|Header/.test(option as string)) assert.notEqual(answer, '', option)
    for (const [, name] of counted.matchAll(/`([^`]+)`/g)) named.add(name as string)
  }
  assert.deepEqual([...named].sort(), [...LIMIT_NAMES].sort())
})

test('the code of the guide runs', () => {
  const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code.replace(/^import .*$/gm, ''))
  assert.ok(blocks.length >= 2)
  for (const code of blocks) new Function('createRealtime', code)(createRealtime)
})
