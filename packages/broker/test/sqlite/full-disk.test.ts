import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { SqliteBroker } from '@tautline/broker/sqlite'
import { Random } from '@tautline/testkit'
import type { Position } from '@tautline/wire'
import { fill, smallFileSystem, withoutTmpfs } from './places.ts'
import { entriesOf, headOf, publication, put, putMany, RULE, verdictOn } from './publishing.ts'

test('a disk that fills up: refused as unavailable and not applied, nothing acknowledged lost, appends go on when space returns', {
  skip: withoutTmpfs,
}, async () => {
  const place = smallFileSystem('3m')
  try {
    const file = join(place.path, 'store.db')
    let broker = await SqliteBroker.open({ file })
    const free = fill(place, 1_500_000)
    const acknowledged: Position[] = []
    let refusals = 0
    while (refusals < 20) {
      const batch = Array.from({ length: 4 }, () => publication({}, 2_000))
      for (const outcome of await broker.append('a', batch, RULE)) {
        if (outcome.fail === undefined) acknowledged.push(outcome.position)
        else {
          refusals++
          assert.deepEqual(outcome, { fail: 'unavailable', applied: 'no' })
        }
      }
    }
    assert.ok(acknowledged.length > 100)
    const ids = acknowledged.map(({ id }) => id)
    const stored = async (): Promise<string[]> => (await entriesOf(broker, 'a')).map(({ id }) => id)
    assert.deepEqual(await stored(), ids, 'while it is full, reading goes on')
    assert.deepEqual(await headOf(broker, 'a'), acknowledged.at(-1))
    free()
    ids.push(...(await putMany(broker, 'a', 20)).map(({ id }) => id))
    assert.deepEqual(await stored(), ids)
    await broker.close()
    broker = await SqliteBroker.open({ file, log: (event) => assert.fail(event) })
    assert.deepEqual(await stored(), ids)
    for (const position of acknowledged) assert.equal(await verdictOn(broker, 'a', position), 'match')
    await broker.close()
  } finally {
    place.remove()
  }
})

test('a disk that is full at any moment: each append is wholly there or wholly not, and says which', {
  skip: withoutTmpfs,
}, async () => {
  const place = smallFileSystem('8m')
  try {
    const random = new Random(11)
    const file = join(place.path, 'store.db')
    let broker = await SqliteBroker.open({ file })
    const expected: string[] = []
    for (let round = 0; round < 60; round++) {
      const free = fill(place, 4096 * random.below(12))
      for (let i = 0; i < 6; i++) {
        const batch = Array.from({ length: random.between(1, 5) }, () => publication({}, random.between(10, 6_000)))
        const outcomes = await broker.append('a', batch, { ...RULE, size: 300 })
        for (const [n, outcome] of outcomes.entries()) {
          if (outcome.fail === undefined) expected.push(outcome.position.id)
          else assert.equal(outcome.applied, 'no', JSON.stringify({ ...outcome, n }))
        }
      }
      free()
      if (random.below(4) === 0) {
        await broker.close()
        broker = await SqliteBroker.open({ file, log: (event) => assert.notEqual(event, 'sqlite.lineage') })
      }
      const there = (await entriesOf(broker, 'a', 'start', { ...RULE, size: 300 })).map(({ id }) => id)
      assert.deepEqual(there, expected.slice(-300), `round ${round}`)
      expected.push((await put(broker, 'a', publication(), { ...RULE, size: 300 })).id)
    }
  } finally {
    place.remove()
  }
})

test('a store that could not be closed for want of space is continued without a fence', {
  skip: withoutTmpfs,
}, async () => {
  const place = smallFileSystem('4m')
  try {
    const file = join(place.path, 'store.db')
    const broker = await SqliteBroker.open({ file })
    const positions = await putMany(broker, 'a', 50)
    const free = fill(place)
    await broker.close()
    free()
    const logged: string[] = []
    const again = await SqliteBroker.open({ file, log: (event) => logged.push(event) })
    assert.deepEqual(logged, [])
    assert.deepEqual(await headOf(again, 'a'), positions.at(-1))
    await again.close()
  } finally {
    place.remove()
  }
})
