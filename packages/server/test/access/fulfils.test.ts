import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { covers, fulfils, isOwner } from '../../src/access/fulfils.ts'
import type { Action, Grant } from '../../src/options.ts'
import type { AllowOne } from '../../src/rules/allow.ts'
import { Rules } from '../../src/rules/rules.ts'

describe('who fulfils what a rule asks for', () => {
  const table: readonly [string, Grant, AllowOne, boolean][] = [
    ['nobody in particular, everyone', {}, 'everyone', true],
    ['nobody in particular, users', {}, 'users', false],
    ['a user, users', { user: 'ann' }, 'users', true],
    ['a user without rights, rights', { user: 'ann' }, 'rights', false],
    ['a right for the channel', { rights: [{ channels: 'chat:1' }] }, 'rights', true],
    ['a right for the pattern', { rights: [{ channels: ['x', 'chat:*'] }] }, 'rights', true],
    ['a right for another action', { rights: [{ channels: 'chat:*', actions: ['publish'] }] }, 'rights', false],
    ['a right for another channel', { rights: [{ channels: 'chat:*:log' }] }, 'rights', false],
    ['a token is never there by itself', { user: 'ann', rights: [{ channels: '**' }] }, 'token', false],
    ['the claim', { claims: { role: 'admin' } }, { claims: { role: 'admin' } }, true],
    ['one of several', { claims: { role: 'editor' } }, { claims: { role: ['admin', 'editor'] } }, true],
    ['a claim that is a list', { claims: { role: ['x', 'admin'] } }, { claims: { role: 'admin' } }, true],
    ['one claim of two', { claims: { role: 'admin' } }, { claims: { role: 'admin', team: 7 } }, false],
    ['both claims', { claims: { role: 'admin', team: 7 } }, { claims: { role: 'admin', team: 7 } }, true],
    ['a claim of another type', { claims: { team: '7' } }, { claims: { team: 7 } }, false],
    ['true is not 1', { claims: { admin: 1 } }, { claims: { admin: true } }, false],
    ['objects are never equal', { claims: { a: { b: 1 } } }, { claims: { a: { b: 1 } } }, false],
    ['what objects inherit is no claim', { claims: {} }, { claims: { toString: 'x' } }, false],
  ]
  for (const [title, grant, one, expected] of table) {
    it(`${title}: ${expected ? 'yes' : 'no'}`, () => {
      assert.equal(fulfils(grant, one, { action: 'subscribe', channel: 'chat:1' }), expected)
    })
  }

  it('a right to some channels is none to a pattern that matches more', () => {
    const wish = (channel: string): { action: Action; channel: string } => ({ action: 'subscribe', channel })
    assert.equal(covers({ channels: 'chat:*' }, wish('chat:*')), true)
    assert.equal(covers({ channels: 'chat:**' }, wish('chat:*')), true)
    assert.equal(covers({ channels: 'chat:*' }, wish('chat:**')), false)
    assert.equal(covers({ channels: 'chat:1' }, wish('chat:*')), false)
    assert.equal(covers({ channels: [] }, wish('chat:1')), false)
  })

  it('a channel of $user is its user’s, whole: no prefix, no id with a colon, nobody without an id', () => {
    const rules = new Rules({ 'inbox:$user': {}, 'u:$user:to:$user': {} })
    const own = (channel: string, user?: string): boolean => isOwner(rules.for(channel)!, channel, user)
    assert.equal(own('inbox:ann', 'ann'), true)
    assert.equal(own('inbox:ann', 'an'), false)
    assert.equal(own('inbox:ann', 'Ann'), false)
    assert.equal(own('inbox:ann', undefined), false)
    assert.equal(own('inbox:undefined', undefined), false)
    assert.equal(own('u:ann:to:ann', 'ann'), true)
    assert.equal(own('u:ann:to:bob', 'ann'), false)
    assert.equal(own('u:ann:to:bob', 'bob'), false)
    assert.equal(rules.for('inbox:a:b'), null)
  })
})
