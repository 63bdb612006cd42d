import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const GUIDE = readFileSync(new URL('../../docs/guides/embedding.md', import.meta.url), 'utf8')

test('the code of the guide to embedding is that of the examples', () => {
  const blocks = Array.from(GUIDE.matchAll(/\(\.\.\/\.\.\/examples\/(\w+)\/server\.ts\)\n```ts\n(.*?)```/gs))
  assert.equal(blocks.length, 8)
  assert.equal(blocks.length, GUIDE.split('```ts').length - 1, 'each block names its example')
  for (const [, name, code] of blocks) {
    const example = readFileSync(new URL(`../${name}/server.ts`, import.meta.url), 'utf8')
    assert.ok(example.includes(code ?? ' '), `${name}: ${code}`)
  }
})

test('an example has at most 80 lines', () => {
  for (const name of ['http', 'express', 'fastify', 'hono']) {
    const lines = readFileSync(new URL(`../${name}/server.ts`, import.meta.url), 'utf8').split('\n').length - 1
    assert.ok(lines <= 80, `${name}: ${lines}`)
  }
})
