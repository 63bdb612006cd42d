import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveOnShortTokens } from './short-tokens.ts'

test('a client lives on tokens of 2 s: its connection stays, no message is lost or comes twice', async (t) => {
  const seen = await liveOnShortTokens(5_000)
  const all = Array.from({ length: seen.published }, (_, i) => i + 1)
  assert.deepEqual(seen.plain, all)
  assert.deepEqual(seen.own, all)
  assert.deepEqual(seen.states, ['connecting', 'connected'])
  assert.deepEqual([seen.errors, seen.losses], [[], 0])
  assert.ok(seen.tokens.connection >= 4 && seen.tokens.channel >= 2, JSON.stringify(seen.tokens))
  t.diagnostic(
    `${seen.published} messages, ${seen.tokens.connection} and ${seen.tokens.channel} tokens; slowest ${seen.slowest.plain.toFixed(0)} ms, with a token for the channel ${seen.slowest.own.toFixed(0)} ms`,
  )
})
