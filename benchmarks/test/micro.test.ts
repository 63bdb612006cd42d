/** The micro-benchmarks still do what they are for: they are compiled with everything else, but run seldom. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kept } from '../micro/table.ts'
import { TABLES } from '../micro/tables.ts'

describe('micro-benchmarks', () => {
  for (const { name, sizes, rows } of TABLES) {
    test(`${name}: each row runs at each size`, async () => {
      for (const row of rows) {
        for (const size of sizes) {
          const call = row.at(size)
          if (call === null) continue
          // Twice: what a call leaves behind must not keep the next from working.
          await call()
          const result = await call()
          assert.ok(!(result instanceof Error), `${row.name}, ${size} B: ${result}`)
          assert.notEqual(kept, 'corrupt', row.name)
        }
      }
    })
  }

  test('no two tables, and no two rows of one, have a name in common', () => {
    const names = TABLES.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    for (const { rows } of TABLES) assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
  })
})
