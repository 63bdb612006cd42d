import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Broker, EntryIds, MemoryBroker } from '@tautline/broker'
import { SqliteBroker } from '@tautline/broker/sqlite'
import type { Published, RealtimeError } from '@tautline/wire'
import { Health } from '../../src/health.ts'
import { Appender } from '../../src/publishing/appender.ts'
import { type Revocation, readRevocation, readRevoke } from '../../src/revocation/revocation.ts'
import { isReserved, REVOCATIONS_CHANNEL, Revocations } from '../../src/revocation/revocations.ts'
import { Faulty } from '../faulty.ts'
import { chance, Time } from '../presence/clock.ts'

const HOUR = 3_600_000

interface Parts {
  readonly time: Time
  readonly broker: Broker
  readonly told?: Revocation[]
  readonly ended?: Revocation[]
}

let nodes = 0

/** What a node is to its revocations. */
function node({ time, broker, told = [], ended = [] }: Parts): Revocations {
  const health = new Health(time, () => {})
  const appender = new Appender(broker, health)
  const ids = new EntryIds(chance(++nodes))
  return new Revocations({
    broker,
    clock: time,
    window: 60_000,
    storeTime: () => time.wall(),
    watch: (asked) => health.watch(asked),
    append: (channel, rule, json, key, settle: (outcome: Published | RealtimeError) => void) => {
      const expires = time.wall() + 30_000
      const append = { id: ids.next(), scope: 'server', hash: '', expires, body: { json } }
      appender.append(channel, rule, key === undefined ? append : { ...append, key }, settle, () => false)
    },
    tell: (revocation) => told.push(revocation),
    revoked: (revocation) => ended.push(revocation),
  })
}

const revoke = (time: Time, target: Parameters<typeof readRevoke>[0], until?: number): Revocation =>
  readRevoke(target, until === undefined ? {} : { until }, time.wall())

/** Settles what needs a store's thread, too. */
const real = async (time: Time): Promise<void> => {
  for (let i = 0; i < 20; i++) await time.pass(1)
}

test('a token that was revoked by its id is refused until its end, on every node of the store', async () => {
  const time = new Time()
  const broker = new MemoryBroker({ clock: time, random: chance(1) })
  const ended: Revocation[] = []
  const a = node({ time, broker })
  const b = node({ time, broker, ended })
  const until = time.wall() + HOUR
  const grant = { user: 'ann', token: { id: 't1', issued: time.wall() } }
  const other = { user: 'ann', token: { id: 't2', issued: time.wall() } }
  b.start()
  await time.pass(0)
  await a.add(revoke(time, { token: 't1' }, until))
  await time.pass(0)
  assert.equal(ended.length, 1)
  for (const one of [a, b]) {
    assert.throws(() => one.check(grant), { code: 'token-revoked' })
    one.check(other)
  }
  await time.pass(HOUR)
  b.check(grant)
  for (const one of [a, b]) one.stop()
  assert.equal(time.pending, 0)
})

test('of a user, tokens issued before are void, and later ones are good; whoever brings none is not asked', async () => {
  const time = new Time()
  const one = node({ time, broker: new MemoryBroker({ clock: time, random: chance(1) }) })
  await one.add(revoke(time, { user: 'ann' }))
  await time.pass(0)
  const at = time.wall()
  assert.throws(() => one.check({ user: 'ann', token: { issued: at } }), { code: 'token-revoked' })
  assert.throws(() => one.check({ user: 'ann', token: {} }), { code: 'token-revoked' }, 'it does not say when')
  one.check({ user: 'ann', token: { issued: at + 1_000 } })
  one.check({ user: 'bob', token: { issued: at } })
  one.check({ user: 'ann' })
  one.stop()
})

test('while the log cannot be read nobody with a token passes; as soon as it can, they do', async () => {
  const time = new Time()
  const broker = new Faulty({ clock: time, random: chance(1) })
  await node({ time, broker }).add(revoke(time, { token: 'gone' }))
  broker.down = true
  const late = node({ time, broker })
  const grant = { user: 'ann', token: { id: 'gone' } }
  assert.equal(late.ready({}), undefined)
  assert.equal(late.ready({ user: 'ann' }), undefined)
  const asked = late.ready(grant)
  assert.throws(() => late.check(grant), { code: 'unavailable', retry: 'later' })
  const refused = assert.rejects(asked as Promise<void>, { code: 'unavailable' })
  await time.pass(3_000)
  await refused
  broker.down = false
  await time.pass(3_000)
  assert.equal(late.ready(grant), undefined)
  assert.throws(() => late.check(grant), { code: 'token-revoked' })
  late.stop()
})

test('what the feed lost is read again: after an interruption at once, without a word within 20 s', async () => {
  const time = new Time()
  const broker = new Faulty({ clock: time, random: chance(1) })
  const a = node({ time, broker })
  const b = node({ time, broker })
  b.start()
  await time.pass(0)
  broker.notices = () => []
  await a.add(revoke(time, { token: 't1' }))
  b.check({ token: { id: 't1' } })
  broker.interrupt()
  await time.pass(100)
  assert.throws(() => b.check({ token: { id: 't1' } }), { code: 'token-revoked' })
  await a.add(revoke(time, { token: 't2' }))
  await time.pass(20_100)
  assert.throws(() => b.check({ token: { id: 't2' } }), { code: 'token-revoked' })
  for (const one of [a, b]) one.stop()
})

test('a store that forgot is told again by those who know, once', async () => {
  const time = new Time()
  const first = new MemoryBroker({ clock: time, random: chance(1) })
  let broker: Broker = first
  const swapped = new Proxy({} as Broker, {
    get: (_target, name: keyof Broker) => {
      const value = broker[name]
      return typeof value === 'function' ? value.bind(broker) : value
    },
  })
  const both = [node({ time, broker: swapped }), node({ time, broker: swapped })]
  for (const one of both) one.start()
  await time.pass(0)
  await both[0]?.add(revoke(time, { token: 't1' }))
  await time.pass(0)
  const empty = new MemoryBroker({ clock: time, random: chance(2) })
  broker = empty
  await time.pass(21_000)
  for (const one of both) assert.throws(() => one.check({ token: { id: 't1' } }), { code: 'token-revoked' })
  const [head] = await empty.heads([REVOCATIONS_CHANNEL])
  assert.equal(head?.offset, 1)
  const third = node({ time, broker: empty })
  await third.ready({ token: { id: 't1' } })
  assert.throws(() => third.check({ token: { id: 't1' } }), { code: 'token-revoked' })
  for (const one of [...both, third]) one.stop()
})

test('with SQLite it survives a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-revoked-'))
  try {
    const file = join(folder, 'log.db')
    const grant = { user: 'ann', token: { id: 't1', issued: 1 } }
    for (const round of [0, 1]) {
      const broker = await SqliteBroker.open({ file })
      const time = new Time()
      time.wall = () => Date.now()
      const one = node({ time, broker })
      if (round === 0) await one.add(revoke(time, { token: 't1' }))
      const reading = one.ready(grant)
      if (reading !== undefined) {
        const done = reading.then(() => true)
        while (!(await Promise.race([done, real(time).then(() => false)])));
      }
      assert.throws(() => one.check(grant), { code: 'token-revoked' })
      one.stop()
      await broker.close()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('it is bounded: over 32,768 that hold a new one is refused, and those that have ended make room', async () => {
  const time = new Time()
  const one = node({ time, broker: new MemoryBroker({ clock: time, random: chance(1) }) })
  const until = time.wall() + HOUR
  for (let i = 0; i < 32_768; i++) one.hear({ by: 'token', name: `t${i}`, at: 1, until })
  assert.equal(one.size, 32_768)
  await assert.rejects(one.add(revoke(time, { token: 'more' })), { code: 'limit' })
  await time.pass(HOUR)
  await one.add(revoke(time, { token: 'more' }))
  assert.equal(one.size, 1)
  one.stop()
})

test('what holds is written again before it falls off the end of the log', async () => {
  const time = new Time()
  const broker = new MemoryBroker({ clock: time, random: chance(1) })
  const a = node({ time, broker })
  const until = time.wall() + 24 * HOUR
  await a.add(revoke(time, { token: 'old' }, until))
  const [user] = [revoke(time, { user: 'ann' })]
  for (let i = 0; i < 131_072; i += 64) {
    const batch = Array.from({ length: 64 }, () => a.add(user as Revocation))
    await Promise.all(batch)
  }
  await time.pass(0)
  const b = node({ time, broker })
  await b.ready({ token: { id: 'old' } })
  assert.throws(() => b.check({ token: { id: 'old' } }), { code: 'token-revoked' })
  for (const one of [a, b]) one.stop()
})

test('revoke() says what is wrong with what it was asked', () => {
  const now = 1_790_000_000_000
  const cases: readonly [unknown, object, RegExp][] = [
    [{}, {}, /takes one of \{ user \}, \{ token \} and \{ connection \}/],
    [{ user: 'a', token: 't' }, {}, /takes one of/],
    [{ usr: 'a' }, {}, /did you mean 'user'\?/],
    [{ user: 5 }, {}, /user must be text .* write '5'/],
    [{ token: '' }, {}, /token must be text of 1 to 256/],
    [{ user: 'a' }, { until: now - 1 }, /until must be ms since 1970, after now/],
    [{ user: 'a' }, { until: 1_790_000_100 }, /write 1790000100000/],
    [{ user: 'a' }, { until: 5 }, /not 5$/],
    [{ user: 'a' }, { until: now + 400 * 24 * HOUR }, /at most 366 days/],
  ]
  for (const [target, options, message] of cases) {
    assert.throws(() => readRevoke(target as { user: string }, options, now), message)
  }
})

test('what a store or a node says is read with care, and the channel is nobody else’s', () => {
  const good = { by: 'user', name: 'ann', at: 1, until: 2 }
  assert.deepEqual(readRevocation({ ...good, more: 1 }), good)
  for (const bad of [
    null,
    5,
    [],
    {},
    { ...good, by: 'x' },
    { ...good, name: '' },
    { ...good, at: '1' },
    { ...good, until: Number.POSITIVE_INFINITY },
  ]) {
    assert.equal(readRevocation(bad), null)
  }
  assert.ok(isReserved(REVOCATIONS_CHANNEL))
  assert.ok(!isReserved('chat:1'))
})
