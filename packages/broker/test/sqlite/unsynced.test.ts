import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Position } from '@tautline/wire'
import { Unsynced } from '../../src/sqlite/unsynced.ts'
import { temporaryDirectory } from './places.ts'
import { preloadSync, withoutCompiler } from './preload.ts'

const at = (offset: number): Position => ({ epoch: 'e', offset, id: `i${offset}` })

test('what may be shown follows the syncs, commit by commit and channel by channel', () => {
  const unsynced = new Unsynced()
  assert.equal(unsynced.head('a'), undefined)
  const first = unsynced.add([
    { channel: 'a', before: null, after: at(2) },
    { channel: 'b', before: at(7), after: at(8) },
  ])
  const second = unsynced.add([{ channel: 'a', before: at(2), after: at(5) }])
  assert.equal(unsynced.head('a'), null)
  assert.deepEqual(unsynced.head('b'), at(7))
  unsynced.settle(first)
  assert.deepEqual(unsynced.head('a'), at(2))
  assert.equal(unsynced.head('b'), undefined)
  const third = unsynced.add([{ channel: 'a', before: at(5), after: at(6) }])
  assert.deepEqual(unsynced.head('a'), at(2))
  unsynced.settle(second)
  assert.deepEqual(unsynced.head('a'), at(5))
  unsynced.settle(third)
  assert.equal(unsynced.head('a'), undefined)
})

test('several commits settled at once leave nothing behind', () => {
  const unsynced = new Unsynced()
  for (let i = 0; i < 5; i++) unsynced.add([{ channel: 'a', before: at(i), after: at(i + 1) }])
  unsynced.settle(5)
  assert.equal(unsynced.head('a'), undefined)
})

/** Syncs take 30 ms. Meanwhile the log is read, asked for its head and listened to; a rule of size 2 trims under it. */
const SCENE = `
  import { SqliteBroker } from '@tautline/broker/sqlite'
  const rule = { size: 2, ttl: 1e9, window: 1e6 }
  const broker = await SqliteBroker.open({ file: process.argv[1] })
  let n = 0
  const entries = (count) => Array.from({ length: count }, () => ({ id: 'w.' + n++, scope: 's', hash: 'h', expires: 8e15, body: { json: '1' } }))
  const heard = []
  await broker.attach('a', { entry: (_, entry) => heard.push(entry.off), cast() {}, interrupted() {} })
  const turn = () => new Promise((resolve) => setTimeout(resolve, 10))
  const seen = []
  const look = async () => {
    const [head] = await broker.heads(['a'])
    const page = await broker.read('a', head, 100, 1e6, rule)
    const back = await broker.back('a', 'head', 100, 1 << 30, rule)
    const start = await broker.read('a', 'start', 100, 1e6, rule)
    seen.push([head.offset, page.proof, page.entries?.length, back.entries.length, start.entries.length, heard.length])
  }
  for (const count of [1, 60]) {
    const appending = broker.append('a', entries(count), rule)
    await turn()
    await look()
    await appending
    await Promise.resolve()
    await look()
  }
  // What is added during a sync is not forgotten when it ends.
  const many = [broker.append('b', entries(1), rule)]
  await turn()
  many.push(broker.append('c', entries(1), rule))
  const late = Promise.all(many)
  await late
  await broker.close()
  console.log(JSON.stringify(seen))`

test('an entry is neither read nor told nor counted before its sync has ended', { skip: withoutCompiler }, () => {
  const place = temporaryDirectory()
  try {
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', SCENE, join(place.path, 'store.db')], {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, ...preloadSync(place.path), SLOW: '30000' },
    })
    assert.equal(child.stderr, '')
    // Head, proof of the head, entries after it, entries back from it, entries from the start, entries told.
    assert.deepEqual(JSON.parse(child.stdout), [
      [0, 'match', 0, 0, 0, 0],
      [1, 'match', 0, 1, 1, 1],
      // The 60 have displaced what may be shown, but its head proves itself.
      [1, 'match', 0, 0, 0, 1],
      [61, 'match', 0, 2, 2, 61],
    ])
  } finally {
    place.remove()
  }
})
