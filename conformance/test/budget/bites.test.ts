/** The budget itself: it sees waste, of each kind that it counts, and says what it saw. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { complaint, isOver, verdicts } from '../../budget/judge.ts'
import { limitOf, RULES, readMeasured } from '../../budget/limits.ts'
import type { Kind, Path } from '../../budget/path.ts'
import { PATHS } from '../../budget/paths.ts'
import { count, without } from '../../budget/run.ts'

const WASTEFUL = join(import.meta.dirname, 'wasteful.ts')
const measured = readMeasured()

interface Waste {
  readonly title: string
  readonly path: string
  /** What has to be over, at least. */
  readonly kinds: readonly Kind[]
}

const ALL: readonly Waste[] = [
  { title: 'a handler that copies each message', path: 'echo 125 B, 1 in flight', kinds: ['heap'] },
  {
    title: 'a handler whose answers are not written together',
    path: 'echo 125 B, 32 in flight',
    kinds: ['heap', 'writes', 'runs', 'steps'],
  },
  { title: 'a handler that makes a buffer for each message', path: 'echo 16 KiB', kinds: ['buffers'] },
  {
    title: 'a broadcast that is framed and compressed for each subscriber',
    path: 'compressed broadcast',
    kinds: ['heap', 'buffers', 'runs', 'steps', 'deflates'],
  },
  { title: 'a ticker that is not compressed', path: 'ticker, shared takeover', kinds: ['sent'] },
  {
    title: 'a timer and a listener of its own for each connection',
    path: 'idle connection',
    kinds: ['heap', 'timers', 'listeners'],
  },
]

function pathOf(name: string): Path {
  const path = PATHS.find((one) => one.name === name)
  assert.ok(path !== undefined, name)
  return path
}

describe('the budget sees', { concurrency: 2, skip: without }, () => {
  for (const { title, path: name, kinds } of ALL) {
    test(title, async () => {
      const path = pathOf(name)
      const now = await count(name, WASTEFUL)
      const over = verdicts(path, now, measured)
        .filter(isOver)
        .map(({ kind }) => kind)
      for (const kind of kinds) assert.ok(over.includes(kind), `${kind} is not among ${over}: ${JSON.stringify(now)}`)
      const text = complaint(path, now, measured) ?? ''
      assert.match(text, new RegExp(`^${name} costs more than its budget:\n`))
      for (const kind of kinds) assert.ok(text.includes(RULES[kind].text), text)
    })
  }
})

test('a figure at its limit is within the budget, one above is not', () => {
  const path = pathOf('publish command')
  const figures = measured.paths[path.name] ?? {}
  const base = figures.heap ?? 0
  const limit = limitOf('heap', base, path)
  assert.ok(limit > base && limit < base * 1.06, `${limit} for ${base}`)
  assert.equal(complaint(path, { ...figures, heap: limit }, measured), null)
  const text = complaint(path, { ...figures, heap: limit * 1.1, writes: 2 }, measured) ?? ''
  assert.match(text, /bytes of heap beyond node:net a command instead of [\d,]+ \(16 % more\)/)
  assert.match(text, /2 write system calls a turn instead of 1 \(100 % more\); the limit is 1/)
  assert.match(text, /npm run budget -- --explain 'publish command'/)
})

test('a kind that is not counted any more is no saving', () => {
  const path = pathOf('publish command')
  const { writes: _, ...others } = measured.paths[path.name] ?? {}
  assert.throws(() => complaint(path, others, measured), /budget for writes, which is not counted/)
})
