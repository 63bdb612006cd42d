import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compressOf } from '../../src/rules/compress.ts'
import { type ChannelRule, Rules } from '../../src/rules/rules.ts'

/** What holds for a channel, or a pattern, under these rules. */
function of(channel: string, rules: Readonly<Record<string, ChannelRule>>, isHooked = false): string {
  const read = new Rules(rules)
  const isPattern = channel.includes('*')
  const reached = isPattern ? read.forPattern(channel)?.reached : [read.for(channel)]
  return compressOf(reached as Parameters<typeof compressOf>[0], isPattern, isHooked)
}

const withAllow = (allow: NonNullable<ChannelRule['allow']>, more: ChannelRule = {}): Record<string, ChannelRule> => ({
  a: { allow, ...more },
})

const ADMIN = { claims: { role: 'admin' } } as const

describe('publications are compressed together', () => {
  it('where whoever may publish may also subscribe', () => {
    const together: NonNullable<ChannelRule['allow']>[] = [
      'everyone',
      'users',
      { subscribe: 'everyone', publish: ['rights', 'token'] },
      { subscribe: ['token', 'users'], publish: 'users' },
      { subscribe: 'rights', publish: 'nobody' },
      { subscribe: [ADMIN, 'users'], publish: ['users', { claims: { role: 'admin' } }] },
    ]
    for (const allow of together) assert.equal(of('a', withAllow(allow)), 'together', JSON.stringify(allow))
    assert.equal(of('inbox:ann', { 'inbox:$user': {} }), 'together')
  })

  it('nowhere else: in doubt a publication is compressed by itself', () => {
    const alone: NonNullable<ChannelRule['allow']>[] = [
      // A right and a token are given for single actions.
      'rights',
      ['rights', 'token'],
      { subscribe: 'users', publish: 'everyone' },
      { subscribe: 'nobody', publish: 'users' },
      { subscribe: ADMIN, publish: 'users' },
      { subscribe: ADMIN, publish: { claims: { role: ['admin', 'guest'] } } },
      { subscribe: 'users', publish: ['users', ADMIN] },
    ]
    for (const allow of alone) assert.equal(of('a', withAllow(allow)), 'alone', JSON.stringify(allow))
    assert.equal(of('a', { '**': {} }), 'alone')
  })

  it('where the rule says that nobody learns what it may not read', () => {
    assert.equal(of('a', withAllow('rights', { compress: true })), 'together')
    assert.equal(of('a', withAllow('rights', { compress: true }), true), 'together')
  })

  it('not where a hook decides as well, unless nobody publishes but the server', () => {
    assert.equal(of('a', withAllow('everyone'), true), 'alone')
    assert.equal(of('a', withAllow({ subscribe: 'everyone', publish: 'nobody' }), true), 'together')
  })

  it('never, where the rule says so', () => {
    assert.equal(of('a', withAllow('everyone', { compress: false })), 'never')
  })
})

describe('what a pattern brings is compressed together', () => {
  it('where whoever may publish in one of its channels may subscribe to all of them', () => {
    assert.equal(of('a:*', { 'a:*': { allow: 'users' }, 'a:open': { allow: 'everyone' } }), 'alone')
    assert.equal(
      of('a:*', { 'a:*': { allow: 'users' }, 'a:x': { allow: { subscribe: 'users', publish: 'nobody' } } }),
      'together',
    )
    assert.equal(of('a:*', { 'a:*': { allow: 'everyone' }, 'a:x': { allow: ADMIN } }), 'alone')
  })

  it('not because each channel’s rule says so for its own', () => {
    assert.equal(of('a:*', { 'a:*': { allow: 'rights', compress: true } }), 'alone')
  })

  it('never, where one of its channels must not be', () => {
    assert.equal(
      of('a:*', { 'a:*': { allow: 'everyone' }, 'a:secret': { allow: 'everyone', compress: false } }),
      'never',
    )
  })
})
