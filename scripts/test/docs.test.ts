import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pages } from '../docs.ts'

for (const [name, text] of Object.entries(pages())) {
  test(`docs/protocol/${name} says what the code's table says (npm run docs)`, () => {
    assert.equal(readFileSync(join(import.meta.dirname, '../../docs/protocol', name), 'utf8'), text)
  })
}
