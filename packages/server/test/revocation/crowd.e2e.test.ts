import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCrowd } from './crowd.ts'

test('under load on two nodes nothing comes late to whom it must not, and nothing of theirs is stored (200 connections)', async (t) => {
  const { codes, delivered, slowestWord, slowestEnd, ...late } = await runCrowd({ size: 200, after: 1_200 })
  assert.deepEqual(late, { lateRevoked: 0, publishedRevoked: 0, lateExpired: 0, publishedExpired: 0, others: 0 })
  assert.deepEqual([[...codes.revoked], [...codes.expired]], [[4201], [4200]])
  assert.ok(delivered > 1_000, `${delivered} deliveries are no load`)
  t.diagnostic(
    `late deliveries 0 of ${delivered}; from revoke() to the last word ${slowestWord.toFixed(0)} ms, to the end ${slowestEnd.toFixed(0)} ms`,
  )
})
