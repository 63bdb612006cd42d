import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChannelTokens } from '../../src/access/channel-tokens.ts'

const wish = (channel: string) => ({ action: 'subscribe', channel }) as const

/** And the ids by which the connection is found. */
function some(most = 10): { tokens: ChannelTokens; ids: string[] } {
  const ids: string[] = []
  const tokens = new ChannelTokens(most, {
    hold: (id) => ids.push(id),
    drop: (id) => ids.splice(ids.indexOf(id), 1),
  })
  return { tokens, ids }
}

test('of several tokens the last one that ends counts; a newer one of the same right takes the place of the one before', () => {
  const { tokens, ids } = some()
  assert.equal(tokens.endOf(wish('a'), 0), null)
  tokens.bring({ channels: 'a', expires: 500, token: { id: 'one' } })
  tokens.bring({ channels: '*', expires: 900, token: { id: 'all' } })
  assert.equal(tokens.endOf(wish('a'), 100), 900)
  tokens.bring({ channels: 'a', expires: 2_000, token: { id: 'two' } })
  assert.equal(tokens.endOf(wish('a'), 100), 2_000)
  assert.deepEqual(ids, ['all', 'two'])
  tokens.bring({ channels: 'a' })
  assert.equal(tokens.endOf(wish('a'), 100), Number.POSITIVE_INFINITY)
})

test('one that is over says so for a minute, and why', () => {
  const { tokens, ids } = some()
  tokens.bring({ channels: 'a', expires: 500, token: { id: 'one' } })
  tokens.bring({ channels: 'b', expires: 9_999_999, token: { id: 'two' } })
  assert.throws(() => tokens.endOf(wish('a'), 500), { code: 'token-expired', retry: 'auth' })
  tokens.revoke('two', 700)
  assert.throws(() => tokens.endOf(wish('b'), 700), { code: 'token-revoked', retry: 'auth' })
  assert.equal(tokens.endOf(wish('a'), 60_500), null)
  assert.deepEqual(ids, ['two'])
  assert.equal(tokens.endOf(wish('b'), 60_700), null)
  assert.deepEqual(ids, [])
})

test('whoever brings more than it may have subscriptions loses the oldest', () => {
  const { tokens, ids } = some(3)
  for (let i = 0; i < 1_000; i++) tokens.bring({ channels: `c${i}`, token: { id: `t${i}` } })
  assert.deepEqual(ids, ['t997', 't998', 't999'])
  assert.equal(tokens.endOf(wish('c996'), 0), null)
})
