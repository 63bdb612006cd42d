import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryBroker, MemoryPresence } from '@tautline/broker'
import { systemClock, systemRandom } from '@tautline/wire'
import { createRealtime, type RealtimeOptions, SettingError } from '../src/mod.ts'
import { readOptions } from '../src/settings.ts'

/** The message with which options are refused. */
function refusal(options: unknown): string {
  try {
    createRealtime(options as RealtimeOptions)
  } catch (error) {
    assert.ok(error instanceof SettingError, String(error))
    assert.ok(error.message.startsWith(error.path))
    return error.message
  }
  return assert.fail(`accepted: ${JSON.stringify(options)}`)
}

describe('the options of a server', () => {
  it('may be left out, and are taken where they are right', async () => {
    const right: RealtimeOptions[] = [
      {},
      { path: '/', origins: 'any', compression: true, node: 'eu-1.example:8080', window: 60_000 },
      { path: '/a/b', origins: ['https://app.example.com', 'http://localhost:3000'], compression: {} },
      { compression: { shared: true, sharedFrom: 10, level: 4, memLevel: 9, serverMaxWindowBits: 12 } },
      { origins: () => true, heartbeat: { every: 2_000, timeout: 2_000 }, limits: { frame: 65_536, body: 65_536 } },
      { broker: new MemoryBroker(), presence: new MemoryPresence(), clock: systemClock, random: systemRandom },
      { log: () => {}, channels: {}, limits: { publishRate: 1, depth: 120, name: 128 } },
    ]
    for (const options of right) await createRealtime(options).close()
  })

  it('are the defaults where they are undefined: a limit of undefined would be no limit', () => {
    const options = { limits: { frame: undefined, body: 1_000 }, heartbeat: { every: undefined } }
    const read = readOptions(options as unknown as RealtimeOptions)
    assert.deepEqual(read.limits, { body: 1_000 })
    assert.deepEqual(read.heartbeat, {})
  })

  it('are known, or the nearest known one is named', () => {
    assert.equal(refusal({ chanels: {} }), "createRealtime() has an unknown key 'chanels': did you mean 'channels'?")
    assert.equal(refusal({ limits: { frames: 1 } }), "limits has an unknown key 'frames': did you mean 'frame'?")
    assert.equal(
      refusal({ heartbeat: { interval: 25_000 } }),
      "heartbeat has an unknown key 'interval': known are 'every', 'timeout'",
    )
    assert.match(refusal({ 'x\u001b[2J\n': 1 }), /unknown key 'x\\u001b\[2J\\n'/)
    assert.match(refusal(null), /^createRealtime\(\) must be an object with 'channels', .*not null$/)
    assert.match(refusal([]), /must be an object/)
  })

  it('limit by positive whole numbers', () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '100', null, 2 ** 31, {}]) {
      assert.match(
        refusal({ limits: { channels: value } }),
        /^limits\.channels must be an integer from 1 to 2147483647/,
      )
    }
    assert.equal(refusal({ limits: { name: 200 } }), 'limits.name must be an integer from 1 to 128, not 200')
    assert.equal(refusal({ limits: { depth: 500 } }), 'limits.depth must be an integer from 8 to 120, not 500')
    assert.equal(
      refusal({ limits: { body: 2_000_000 } }),
      'limits.body is 2000000, more than limits.frame (1048576): no frame carries such a body',
    )
    assert.match(refusal({ limits: 5 }), /^limits must be an object/)
  })

  it('give times in ms, and say how where seconds or a text were meant', () => {
    assert.match(refusal({ heartbeat: { every: 25 } }), /^heartbeat\.every must be .* ms .* not 25: write 25000$/)
    assert.match(refusal({ heartbeat: { timeout: '20s' } }), /^heartbeat\.timeout .* not '20s': write 20000$/)
    assert.match(refusal({ window: '5m' }), /^window must be .* not '5m': write 300000$/)
    for (const window of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY, {}, 'soon', 2_000.5]) {
      assert.match(refusal({ window }), /^window must be a whole number of ms/)
    }
  })

  it('name a path that begins with /', () => {
    assert.equal(refusal({ path: 'realtime' }), "path must begin with '/': write '/realtime'")
    assert.match(refusal({ path: 'https://example.com/realtime' }), /^path must be the path alone/)
    assert.match(refusal({ path: '' }), /^path must be a path such as '\/realtime'/)
    assert.match(refusal({ path: 5 }), /^path must be a path/)
    for (const path of ['/a?b', '/a#b', '/a b', '/ä', '/a\r\nX: y'])
      assert.match(refusal({ path }), /^path must be print/)
  })

  it('list origins, each of them one', () => {
    assert.equal(refusal({ origins: '*' }), "origins must be 'any' where every page may connect, not '*'")
    assert.match(refusal({ origins: 'https://a.example' }), /write \['https:\/\/a\.example'\]$/)
    assert.match(
      refusal({ origins: ['https://a.example', 'https://b.example/'] }),
      /^origins\[1\] must be an origin .*: write 'https:\/\/b\.example'$/,
    )
    for (const one of ['https://*.example.com', 'example.com', null, 5, 'https://user@a.example/']) {
      assert.match(refusal({ origins: [one] }), /^origins\[0\] must be an origin/)
    }
    assert.match(refusal({ origins: true }), /^origins must be 'any', a list of origins or a function, not true$/)
  })

  it('name a node without what separates and addresses nodes', () => {
    assert.match(refusal({ node: 'eu~1' }), /^node must be .* not 'eu~1': write 'eu-1'$/)
    for (const node of ['', '*', 'a b', 'n'.repeat(65), 'ü', 5, null, 'a\n'])
      assert.match(refusal({ node }), /^node must/)
  })

  it('bring a broker, a presence store, a clock, chance and a log that are some', () => {
    assert.equal(refusal({ broker: Promise.resolve(new MemoryBroker()) }), 'broker is a promise: await it first')
    assert.match(refusal({ broker: MemoryBroker }), /^broker is a function or a class: write new MemoryBroker\(\)$/)
    assert.match(refusal({ broker: {} }), /^broker has no method facts\(\)/)
    assert.match(refusal({ broker: 'memory' }), /^broker is 'memory'/)
    assert.match(refusal({ presence: true }), /^presence is true/)
    assert.match(refusal({ presence: new MemoryBroker() }), /^presence has no method/)
    assert.match(refusal({ clock: { now: Date.now } }), /^clock has no method wall\(\)/)
    assert.match(refusal({ random: Math.random }), /^random is a function/)
    assert.match(refusal({ log: console }), /^log must be a function/)
    assert.match(refusal({ compression: 'yes' }), /^compression must be/)
  })

  it('say of compression what it can be', () => {
    const wrong: [object, RegExp][] = [
      [{ share: true }, /^compression has an unknown key 'share': did you mean 'shared'/],
      [{ shared: 'yes' }, /^compression\.shared must be true or false/],
      [{ sharedFrom: 10 }, /^compression\.sharedFrom has no meaning without shared: true/],
      [{ shared: true, sharedFrom: 0 }, /^compression\.sharedFrom must be/],
      [{ shared: true, serverNoContextTakeover: true }, /^compression\.serverNoContextTakeover is decided by shared/],
      [{ shared: true, clientNoContextTakeover: false }, /^compression\.clientNoContextTakeover is decided by shared/],
      [{ level: 10 }, /^compression\.level must be/],
      [{ serverMaxWindowBits: 7 }, /^compression\.serverMaxWindowBits must be/],
    ]
    for (const [compression, message] of wrong) assert.match(refusal({ compression }), message)
  })
})
