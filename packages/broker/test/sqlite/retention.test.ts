import assert from 'node:assert/strict'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import type { LogRule } from '@tautline/broker'
import { systemRandom } from '@tautline/wire'
import { Channels } from '../../src/sqlite/channels.ts'
import { sweep } from '../../src/sqlite/retention.ts'
import type { Statements } from '../../src/sqlite/statements.ts'
import { Store } from '../../src/sqlite/store.ts'
import { SqliteHarness } from './harness.ts'
import { entriesOf, headOf, publication, put, putMany, verdictOn } from './publishing.ts'

const HOUR = 3_600_000
const ANCHOR = 30 * 24 * HOUR
const RULE: LogRule = { size: 20, ttl: HOUR, window: 10 * 60_000 }

let harness: SqliteHarness

beforeEach(async () => {
  harness = await SqliteHarness.open({ anchor: ANCHOR })
})
afterEach(() => harness.close())

/** Rows of each table, looked at while the store is closed. */
async function rows(): Promise<Record<string, number>> {
  await harness.broker.close()
  const db = new DatabaseSync(harness.file)
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])
  const found = Object.fromEntries(['channels', 'fences', 'entries', 'keys'].map((table) => [table, count(table)]))
  const bodies = Number(db.prepare('SELECT count(*) AS n FROM entries WHERE body IS NOT NULL').get()?.['n'])
  db.close()
  await harness.restart()
  return { ...found, bodies }
}

test('a busy log is trimmed by its appends: size + 1 stay, and little more', async () => {
  await putMany(harness.broker, 'a', 500, RULE)
  const found = await rows()
  assert.ok((found['entries'] as number) >= 21 && (found['entries'] as number) <= 60, JSON.stringify(found))
})

test('a smaller rule is worked off by the appends and by the sweep, in steps', async () => {
  await putMany(harness.broker, 'a', 300, { ...RULE, size: 1_000 })
  await putMany(harness.broker, 'a', 2, RULE)
  assert.equal((await entriesOf(harness.broker, 'a', 'start', RULE)).length, 20, 'exact when reading, at once')
  await harness.advance(5_000)
  assert.ok(((await rows())['entries'] as number) <= 60)
})

test('what has aged goes without anybody appending: first bodies and old rows, then keys, in the end the record', async () => {
  for (let i = 0; i < 10; i++) await put(harness.broker, 'a', publication({ key: `k${i}`, hash: 'h' }), RULE)
  const head = await headOf(harness.broker, 'a')
  assert.deepEqual(await rows(), { channels: 1, fences: 1, entries: 10, keys: 10, bodies: 10 })
  await harness.advance(16 * 60_000)
  assert.deepEqual(await rows(), { channels: 1, fences: 1, entries: 10, keys: 0, bodies: 10 })
  await harness.advance(2 * HOUR)
  assert.deepEqual(await rows(), { channels: 1, fences: 1, entries: 1, keys: 0, bodies: 0 })
  assert.equal(await verdictOn(harness.broker, 'a', head), 'match', 'the anchor is left')
  await harness.advance(ANCHOR)
  assert.equal(await verdictOn(harness.broker, 'a', head), 'match')
  await harness.advance(ANCHOR)
  assert.deepEqual(await rows(), { channels: 0, fences: 0, entries: 0, keys: 0, bodies: 0 })
  assert.equal(await verdictOn(harness.broker, 'a', head), 'epoch')
})

test('data that was removed is not served by a longer ttl', async () => {
  await put(harness.broker, 'a', publication(), RULE)
  await harness.advance(2 * HOUR)
  const page = await harness.broker.read('a', 'start', 10, 1e6, { ...RULE, ttl: 100 * HOUR })
  assert.ok(page.proof === 'match')
  assert.deepEqual(page.entries, [])
  await put(harness.broker, 'a', publication(), RULE)
  assert.equal((await entriesOf(harness.broker, 'a', 'start', { ...RULE, ttl: 100 * HOUR })).length, 1)
})

test('a record dropped after two anchors does not let an old empty inbox pass for a new one', async () => {
  const unwritten = await headOf(harness.broker, 'inbox')
  await put(harness.broker, 'inbox', publication(), RULE)
  await harness.advance(HOUR + 2 * ANCHOR + 10 * 60_000)
  assert.equal((await rows())['channels'], 0)
  assert.notEqual(await verdictOn(harness.broker, 'inbox', unwritten), 'match')
})

/** Statements that count the rows they change. */
function countingChanges(sql: Statements): { readonly sql: Statements; changes(): number } {
  let total = 0
  const count = (statement: StatementSync): StatementSync =>
    new Proxy(statement, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...values: unknown[]) => {
          const result: unknown = Reflect.apply(value, target, values)
          if (name === 'run') total += Number((result as { changes: number | bigint }).changes)
          return result
        }
      },
    })
  const entries = Object.entries(sql).map(([name, statement]) => [name, count(statement)])
  return { sql: Object.fromEntries(entries) as Statements, changes: () => total }
}

test('one step of the sweep is bounded, and the steps together get round', async () => {
  const channels = Array.from({ length: 300 }, (_, i) => `c${i}`)
  await Promise.all(channels.map((channel) => harness.broker.append(channel, [publication(), publication()], RULE)))
  await putMany(harness.broker, 'long', 400, { ...RULE, size: 1_000 })
  await harness.broker.close()
  const age = harness.clock.wall() + 2 * HOUR
  const random = systemRandom
  const store = Store.open({ file: harness.file, durability: 'fsync', random, wall: () => age, cache: 1 << 20 })
  const kept = new Channels(store.sql, 10)
  const removed: number[] = []
  for (let after = 0; ; ) {
    const counting = countingChanges(store.sql)
    const step = store.transaction(() => sweep(counting.sql, kept, after, age, ANCHOR, { channels: 50, rows: 40 }))
    removed.push(counting.changes())
    after = step.after
    if (!step.worked) break
  }
  store.close()
  await harness.restart()
  assert.deepEqual(await rows(), { channels: 301, fences: 301, entries: 301, keys: 0, bodies: 0 })
  assert.ok(Math.max(...removed) <= 130, `at most ${Math.max(...removed)} rows changed in a step`)
  assert.ok(removed.length >= 20, `${removed.length} steps`)
})

test('a wall clock that jumps an hour forward and back expires nothing, forgets no key, and times do not go back', async () => {
  const { clock, broker } = harness
  const rule: LogRule = { size: 100, ttl: 10 * 60_000, window: 10 * 60_000 }
  const first = await put(broker, 'a', publication({ key: 'k', hash: 'h' }), rule)
  await put(broker, 'a', publication(), rule)
  clock.jumpWall(HOUR)
  await harness.advance(30_000)
  assert.equal((await entriesOf(broker, 'a', first, rule)).length, 1, 'forward: what is 30 s old is there')
  const again = await broker.append('a', [publication({ key: 'k', hash: 'h' })], rule)
  assert.deepEqual(again, [{ position: first, duplicate: true }])
  const ahead = await put(broker, 'a', publication(), rule)
  clock.jumpWall(-HOUR)
  await harness.advance(30_000)
  await put(broker, 'a', publication(), rule)
  const entries = await entriesOf(broker, 'a', first, rule)
  assert.equal(entries.length, 3, 'back: nothing is missing')
  for (const [i, entry] of entries.entries()) assert.ok(entry.at >= (entries[i - 1]?.at ?? 0), 'times do not decrease')
  assert.deepEqual(await broker.append('a', [publication({ key: 'k', hash: 'h' })], rule), [
    { position: first, duplicate: true },
  ])
  assert.equal(await verdictOn(broker, 'a', ahead), 'match')
  clock.jumpWall(-HOUR)
  await put(broker, 'b', publication(), rule)
  assert.equal((await entriesOf(broker, 'b', 'start', rule)).length, 1, 'further back: what is new is not old')
})

test('a clock that stays ahead is followed in time', async () => {
  const rule: LogRule = { size: 100, ttl: 10 * 60_000, window: 10 * 60_000 }
  await put(harness.broker, 'a', publication(), rule)
  harness.clock.jumpWall(HOUR)
  await harness.advance(4 * 60_000)
  assert.equal((await entriesOf(harness.broker, 'a', 'start', rule)).length, 0, 'at three times its speed')
})
