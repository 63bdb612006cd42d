import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Random } from '@tautline/testkit'
import { Books } from './killing.ts'
import { temporaryDirectory } from './places.ts'

test('25 random SIGKILLs during publishing: acknowledged is there exactly once, positions hold', async (t) => {
  const place = temporaryDirectory()
  try {
    const random = new Random(3)
    const books = new Books(join(place.path, 'store.db'), 6)
    while (books.tally.kills < 25) await books.round(random, 120)
    t.diagnostic(JSON.stringify(books.tally))
    assert.ok(books.tally.acknowledged > 1_000, 'there was something to lose')
  } finally {
    place.remove()
  }
})
