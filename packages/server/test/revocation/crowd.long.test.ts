import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCrowd } from './crowd.ts'

test('under load on two nodes nothing comes late to whom it must not, and nothing of theirs is stored (1,000 connections)', async (t) => {
  const { codes, delivered, slowestWord, slowestEnd, ...late } = await runCrowd({ size: 1_000, after: 3_000 })
  assert.deepEqual(late, { lateRevoked: 0, publishedRevoked: 0, lateExpired: 0, publishedExpired: 0, others: 0 })
  assert.deepEqual([[...codes.revoked], [...codes.expired]], [[4201], [4200]])
  t.diagnostic(
    `late deliveries 0 of ${delivered}; from revoke() to the last word ${slowestWord.toFixed(0)} ms, to the end ${slowestEnd.toFixed(0)} ms`,
  )
})

test('what comes late is counted: a crowd in which nobody was revoked after all is full of it', async () => {
  const { lateRevoked, publishedRevoked, lateExpired } = await runCrowd({ size: 100, after: 1_500, pretend: true })
  assert.ok(lateRevoked > 100 && publishedRevoked > 5, `${lateRevoked} and ${publishedRevoked}`)
  assert.equal(lateExpired, 0)
})
