import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nearest } from '@tautline/wire'
import type { Requirement, Requirements } from '../../src/rules/allow.ts'
import { type ChannelRule, Rules } from '../../src/rules/rules.ts'
import { SettingError } from '../../src/rules/settings.ts'

/** The message with which a configuration is refused. */
function refusal(channels: unknown): string {
  try {
    new Rules(channels as Record<string, ChannelRule>)
  } catch (error) {
    assert.ok(error instanceof SettingError, String(error))
    return error.message
  }
  return assert.fail('accepted')
}

/** The same for all actions. */
function all(requirement: Requirement): Requirements {
  return { subscribe: requirement, publish: requirement, history: requirement, presence: requirement }
}

describe('what rules say', () => {
  it('allows every channel, with the defaults, where nothing is configured', () => {
    assert.deepEqual(new Rules(undefined).for('chat:42'), {
      pattern: '**',
      log: { size: 100, ttl: 300_000, window: 300_000 },
      presence: false,
      joinLeave: false,
      policy: 'lossless',
      allow: all(['rights', 'token']),
      owner: [],
      from: 'both',
      compress: null,
      recovery: { entries: 10_000, bytes: 8_388_608 },
    })
  })

  it('allows no channel where the configuration names none', () => {
    const rules = new Rules({})
    assert.equal(rules.for('chat:42'), null)
    assert.equal(rules.for('chat:42'), null)
    assert.equal(rules.forPattern('chat:*'), null)
  })

  it('takes what is configured', () => {
    const rules = new Rules(
      {
        'chat:*': {
          history: { size: 7, ttl: '1h' },
          presence: true,
          joinLeave: false,
          policy: { drop: 9 },
          allow: { subscribe: 'nobody', publish: ['users', { claims: { role: 'editor' } }] },
          from: 'user',
          compress: false,
          recovery: { entries: 3, bytes: 1_000 },
        },
      },
      { window: 120_000, allow: 'everyone' },
    )
    assert.deepEqual(rules.for('chat:a'), {
      pattern: 'chat:*',
      log: { size: 7, ttl: 3_600_000, window: 120_000 },
      presence: true,
      joinLeave: false,
      policy: { drop: 9 },
      allow: {
        ...{ subscribe: [], publish: ['users', { claims: { role: 'editor' } }] },
        ...{ history: ['everyone'], presence: ['everyone'] },
      },
      owner: [],
      from: 'user',
      compress: false,
      recovery: { entries: 3, bytes: 1_000 },
    })
    assert.equal(rules.for('news'), null)
  })

  it('tells of joins and leaves wherever there is presence', () => {
    assert.equal(new Rules({ a: { presence: true } }).for('a')?.joinLeave, true)
  })

  it('keeps no log with log: false, where lossless means the newest hundred', () => {
    const rules = new Rules({ 'typing:*': { log: false }, 'cursor:*': { log: false, policy: 'latest' } })
    assert.equal(rules.for('typing:1')?.log, null)
    assert.deepEqual(rules.for('typing:1')?.policy, { drop: 100 })
    assert.equal(rules.for('cursor:1')?.policy, 'latest')
  })

  it('hands out frozen rules', () => {
    const rule = new Rules({ a: { policy: { drop: 2 } } }).for('a')
    assert.ok(rule !== null)
    for (const part of [rule, rule.log, rule.policy, rule.recovery]) assert.ok(Object.isFrozen(part))
  })

  it('prefers a literal segment to *, and * to **, from the left, in whatever order they are written', () => {
    const patterns = ['**', 'chat:**', '*:42', 'chat:*', 'chat:42', 'chat:*:log', 'chat:42:**']
    for (const order of [patterns, [...patterns].reverse()]) {
      const rules = new Rules(Object.fromEntries(order.map((pattern) => [pattern, {}])))
      const pattern = (channel: string) => rules.for(channel)?.pattern
      assert.equal(pattern('chat:42'), 'chat:42')
      assert.equal(pattern('chat:43'), 'chat:*')
      assert.equal(pattern('game:42'), '*:42')
      assert.equal(pattern('chat:42:log'), 'chat:42:**')
      assert.equal(pattern('chat:7:log'), 'chat:*:log')
      assert.equal(pattern('chat:7:x'), 'chat:**')
      assert.equal(pattern('chat'), '**')
    }
  })

  it('remembers no more look-ups than it may, and answers the same after it forgot', () => {
    const rules = new Rules({ 'a:*': {}, '**': { presence: true } })
    for (let i = 0; i < 10_000; i++) {
      assert.equal(rules.for(`b:${i}`)?.pattern, '**')
      assert.equal(rules.forPattern(`b:${i}:*`)?.rule.pattern, '**')
    }
    const { channels, patterns } = rules as unknown as Record<'channels' | 'patterns', Map<string, unknown>>
    assert.ok(channels.size <= 4_096 && patterns.size <= 4_096)
    assert.equal(rules.for('b:0')?.pattern, '**')
    assert.equal(rules.for('a:0')?.pattern, 'a:*')
  })

  it('is not misled by names of what objects inherit', () => {
    const rules = new Rules(JSON.parse('{ "__proto__": { "from": "none" }, "constructor": { "presence": true } }'))
    assert.equal(rules.for('__proto__')?.from, 'none')
    assert.equal(rules.for('constructor')?.presence, true)
    assert.equal(rules.for('toString'), null)
  })
})

describe('the rule of a pattern subscription', () => {
  it('is the most specific rule that covers the whole pattern', () => {
    const rules = new Rules({ '**': {}, 'chat:**': {}, 'chat:*': {}, 'chat:*:log': {} })
    const pattern = (asked: string) => rules.forPattern(asked)?.rule.pattern
    assert.equal(pattern('chat:*'), 'chat:*')
    assert.equal(pattern('chat:**'), 'chat:**')
    assert.equal(pattern('chat:*:log'), 'chat:*:log')
    assert.equal(pattern('chat:*:*'), 'chat:**')
    assert.equal(pattern('*:log'), '**')
    assert.equal(pattern('**'), '**')
  })

  it('is nothing where no rule covers all of the pattern', () => {
    const rules = new Rules({ 'chat:*': {}, 'chat:*:log': {} })
    for (const asked of ['**', 'chat:**', '*:a', 'chat:*:*', '*']) assert.equal(rules.forPattern(asked), null, asked)
  })

  it('reaches every rule that is in force for some of its channels', () => {
    const channels = { '**': {}, 'chat:*': {}, 'chat:secret': {}, '*:open': {} }
    const reached = (asked: string, of: Record<string, ChannelRule> = channels) =>
      new Rules(of).forPattern(asked)?.reached.map(({ pattern }) => pattern)
    // chat:open is a channel of chat:*, which comes first: the rule *:open is not in force there.
    assert.deepEqual(reached('chat:*'), ['chat:secret', 'chat:*'])
    assert.deepEqual(reached('chat:*:*'), ['**'])
    assert.deepEqual(reached('**'), ['chat:secret', 'chat:*', '*:open', '**'])
    assert.deepEqual(reached('chat:*', { 'chat:*': {}, '*:open': {} }), ['chat:*'])
  })

  it('never reaches channels of $user', () => {
    const rules = new Rules({ '**': {}, 'inbox:$user': {}, 'inbox:$user:**': {} })
    assert.deepEqual(
      rules.forPattern('inbox:*')?.reached.map(({ pattern }) => pattern),
      ['**'],
    )
    assert.equal(rules.isOwned('inbox:ann'), true)
    assert.equal(rules.isOwned('inbox:ann:mail:1'), true)
    assert.equal(rules.isOwned('inbox'), false)
  })
})

describe('who may', () => {
  it('is the user whose id stands at $user, where nothing else is said', () => {
    const rule = new Rules({ 'inbox:$user:*': {} }).for('inbox:ann:mail')
    assert.equal(rule?.pattern, 'inbox:*:*')
    assert.deepEqual(rule?.owner, [1])
    assert.deepEqual(rule?.allow, all(['users']))
  })

  it('knows whether anything is open to everyone', () => {
    assert.equal(new Rules(undefined).open, false)
    assert.equal(new Rules(undefined, { allow: 'everyone' }).open, true)
    assert.equal(new Rules({ a: { allow: 'users' }, b: { allow: { history: ['rights', 'everyone'] } } }).open, true)
    assert.equal(new Rules({ a: { allow: 'users' } }, { allow: 'everyone' }).open, false)
  })
})

describe('a configuration that cannot be meant', () => {
  const refusals: readonly [unknown, string][] = [
    [
      { a: { allow: 'user' } },
      `channels['a'].allow must be one of 'everyone', 'users', 'rights', 'token', 'nobody', not 'user': did you mean 'users'?`,
    ],
    [{ a: { allow: { pubish: 'users' } } }, `channels['a'].allow has an unknown key 'pubish': did you mean 'publish'?`],
    [{ a: { allow: [] } }, `channels['a'].allow is empty: write 'nobody'`],
    [{ a: { allow: ['users', 'nobody'] } }, `channels['a'].allow[1] has 'nobody' among others: write allow: 'nobody'`],
    [
      { a: { allow: { claims: {} } } },
      `channels['a'].allow.claims must name claims, such as { role: 'admin' }, not {}`,
    ],
    [{ 'chat:*': { histroy: {} } }, `channels['chat:*'] has an unknown key 'histroy': did you mean 'history'?`],
    [{ 'chat:*': { joinleave: true } }, `channels['chat:*'] has an unknown key 'joinleave': did you mean 'joinLeave'?`],
    [{ a: { history: { sise: 1 } } }, `channels['a'].history has an unknown key 'sise': did you mean 'size'?`],
    [{ a: { history: { zzzzzz: 1 } } }, `channels['a'].history has an unknown key 'zzzzzz': known are 'size', 'ttl'`],
    [
      { a: { history: { ttl: '5 minutes' } } },
      `channels['a'].history.ttl must be a duration such as '5m', or a number of ms, not '5 minutes'`,
    ],
    [
      { a: { history: { ttl: 'soon' } } },
      `channels['a'].history.ttl must be a duration such as '30s', '5m', '1h' or '2d', or a number of ms, not 'soon'`,
    ],
    [
      { a: { history: { ttl: 0 } } },
      `channels['a'].history.ttl must be a duration from 1 ms to 315360000000 ms, not 0`,
    ],
    [{ a: { history: { size: 0 } } }, `channels['a'].history.size must be an integer from 1 to 1000000, not 0`],
    [{ a: { history: { size: '100' } } }, `channels['a'].history.size must be an integer from 1 to 1000000, not '100'`],
    [
      { a: { history: { size: Number.NaN } } },
      `channels['a'].history.size must be an integer from 1 to 1000000, not NaN`,
    ],
    [
      { a: { log: false, history: {} } },
      `channels['a'].history has no meaning with log: false: leave out one of the two`,
    ],
    [
      { a: { log: true } },
      `channels['a'].log must be false, not true: leave it out for a channel with a log, or write false for one without`,
    ],
    [{ a: { presence: 'yes' } }, `channels['a'].presence must be true or false, not 'yes'`],
    [
      { a: { joinLeave: true } },
      `channels['a'].joinLeave needs presence: write presence: true, or leave joinLeave out`,
    ],
    [
      { a: { policy: 'lossles' } },
      `channels['a'].policy must be one of 'lossless', 'latest', 'disconnect', not 'lossles': did you mean 'lossless'?`,
    ],
    [{ a: { policy: {} } }, `channels['a'].policy needs drop, the number of entries that remain: { drop: 100 }`],
    [{ a: { policy: { drop: -1 } } }, `channels['a'].policy.drop must be an integer from 1 to 1000000, not -1`],
    [{ a: { from: 'all' } }, `channels['a'].from must be one of 'none', 'user', 'peer', 'both', not 'all'`],
    [
      { a: { recovery: { entries: 1.5 } } },
      `channels['a'].recovery.entries must be an integer from 1 to 1000000, not 1.5`,
    ],
    [{ a: null }, /^channels\['a'\] must be an object with 'history', .*, not null$/.source],
    [[], 'channels must be an object of rules by pattern, not []'],
    ['**', `channels must be an object of rules by pattern, not '**'`],
  ]
  for (const [channels, message] of refusals) {
    it(`is refused: ${JSON.stringify(channels)}`, () => {
      const said = refusal(channels)
      if (message.startsWith('^')) assert.match(said, new RegExp(message))
      else assert.equal(said, message)
    })
  }

  it('is refused where a name is not one, shown escaped and not at length', () => {
    for (const name of ['', 'a b', 'a>', 'chat:**:x', 'chat:a*', '::', 'ü', 'a\r\nb', 'x'.repeat(5_000)]) {
      const said = refusal({ [name]: {} })
      assert.match(said, /^channels\[.*\] is neither a pattern nor a channel name: ./)
      assert.match(said, /^[\x20-\x7eü]{1,300}$/)
    }
  })
})

describe('the nearest known word', () => {
  it('is one a few edits away, whatever its case', () => {
    const known = ['history', 'presence', 'policy', 'publish'] as const
    assert.equal(nearest('Presense', known), 'presence')
    assert.equal(nearest('pulbish', known), 'publish')
    assert.equal(nearest('policies', known), 'policy')
    assert.equal(nearest('encryption', known), null)
    assert.equal(nearest('x'.repeat(100_000), known), null)
  })
})
