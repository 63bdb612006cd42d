import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Random } from '@tautline/testkit'
import { Books } from './killing.ts'
import { temporaryDirectory } from './places.ts'

for (const [kills, channels, durability] of [
  [400, 6, 'fsync'],
  [50, 40, 'fsync'],
  [50, 6, 'process'],
] as const) {
  test(`${kills} random SIGKILLs, ${channels} channels, durability ${durability}: acknowledged is there exactly once`, async (t) => {
    const place = temporaryDirectory()
    try {
      const seed = Date.now() >>> 0
      t.diagnostic(`seed ${seed}`)
      const random = new Random(seed)
      const books = new Books(join(place.path, 'store.db'), channels, durability)
      while (books.tally.kills < kills) await books.round(random, 150)
      t.diagnostic(JSON.stringify(books.tally))
      assert.ok(books.tally.landed > 0 && books.tally.duplicates > 0, 'some were killed between commit and answer')
    } finally {
      place.remove()
    }
  })
}
