// What is MemoryBroker's own: bounds, clocks that jump, sinks that misbehave. The contract itself is the suite's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Entry, EntryIds, MemoryBroker, type MemoryBrokerOptions, type Sink } from '@tautline/broker'
import { type Position, systemRandom } from '@tautline/wire'
import { TestClock } from '../clock.ts'

const DAY = 86_400_000
const rule = { size: 100, ttl: 300_000, window: 600_000 }
const ids = new EntryIds(systemRandom)

function open(options: MemoryBrokerOptions = {}): { clock: TestClock; broker: MemoryBroker } {
  const clock = new TestClock()
  return { clock, broker: new MemoryBroker({ clock, ...options }) }
}

async function put(broker: MemoryBroker, channel: string, text: string = 'x', key?: string): Promise<Position> {
  const append = {
    id: ids.next(),
    scope: 's',
    hash: 'h',
    expires: Number.MAX_VALUE,
    body: { json: JSON.stringify(text) },
  }
  const [outcome] = await broker.append(channel, [{ ...append, ...(key !== undefined && { key }) }], rule)
  assert.ok(outcome?.position)
  return outcome.position
}

async function whyOf(broker: MemoryBroker, channel: string, position: Position): Promise<string> {
  const page = await broker.read(channel, position, 10, 10_000, rule)
  return page.proof === 'match' ? 'match' : page.why
}

function sink(entry: (entry: Entry) => void): Sink {
  return { entry: (_, heard) => entry(heard), cast: () => {}, interrupted: () => {} }
}

test('over the limit of channels the one untouched for longest is forgotten as a whole', async () => {
  const { broker } = open({ maxChannels: 3 })
  const positions = new Map<string, Position>()
  for (const name of ['a', 'b', 'c']) positions.set(name, await put(broker, name, 'x', 'key'))
  await broker.heads(['a'])
  positions.set('d', await put(broker, 'd'))
  assert.equal(broker.usage.channels, 3)
  for (const [name, wanted] of Object.entries({ a: 'match', b: 'epoch', c: 'match', d: 'match' })) {
    assert.equal(await whyOf(broker, name, positions.get(name) as Position), wanted, name)
  }
  const again = await put(broker, 'b', 'x', 'key')
  assert.notEqual(again.epoch, positions.get('b')?.epoch, 'so that (epoch, offset) never names two entries')
  assert.equal(await whyOf(broker, 'b', positions.get('b') as Position), 'epoch')
})

test('whoever waits at the beginning of a channel that was written and forgotten is not told that nothing happened', async () => {
  const { broker } = open({ maxChannels: 1 })
  const [a] = (await broker.heads(['a'])) as [Position]
  const [other] = (await broker.heads(['other'])) as [Position]
  await put(broker, 'a')
  assert.equal(await whyOf(broker, 'a', a), 'match')
  await put(broker, 'b')
  assert.equal(await whyOf(broker, 'a', a), 'epoch')
  assert.equal(await whyOf(broker, 'other', other), 'match', 'an inbox of another group has nothing to do with it')
})

test('looking at channels stores nothing', async () => {
  const { broker } = open()
  const names = Array.from({ length: 10_000 }, (_, i) => `random:${i}`)
  await broker.heads(names)
  for (const name of names.slice(0, 100)) {
    await broker.read(name, 'start', 10, 1_000, rule)
    await broker.back(name, 'head', 10, 1 << 30, rule)
    ;(
      await broker.attach(
        name,
        sink(() => {}),
      )
    )()
  }
  const expired = { id: ids.next(), key: 'k', scope: 's', hash: 'h', expires: 0, body: { json: '1' } }
  assert.deepEqual(await broker.append('random:1', [expired], rule), [{ fail: 'key-expired', applied: 'no' }])
  assert.deepEqual(broker.usage, { channels: 0, bytes: 0 })
})

test('bytes are bounded: other channels go first, then the oldest entries of the only one', async () => {
  const { broker } = open({ maxBytes: 100_000 })
  for (let i = 0; i < 200; i++) {
    await put(broker, `c${i % 20}`, 'x'.repeat(2_000), `${i}`)
    assert.ok(broker.usage.bytes <= 100_000, `${broker.usage.bytes} bytes`)
  }
  for (let i = 0; i < 200; i++) await put(broker, 'one', 'x'.repeat(2_000))
  assert.ok(broker.usage.bytes <= 100_000)
  assert.equal(broker.usage.channels, 1)
  const page = await broker.read('one', 'start', 1_000, 1 << 30, rule)
  assert.ok(page.proof === 'match' && page.entries.length > 30 && page.head.offset === 200)
  assert.equal(await whyOf(broker, 'one', { ...(await put(broker, 'one', 'x'.repeat(200_000))) }), 'match')
})

test('what is counted is given back: after everything has expired only heads are held, and they go too', async () => {
  const { broker, clock } = open({ anchor: DAY })
  const names = Array.from({ length: 50 }, (_, i) => `c${i}`)
  for (const name of names) for (let i = 0; i < 5; i++) await put(broker, name, 'x'.repeat(1_000), `${i}`)
  const full = broker.usage.bytes
  const walk = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) await put(broker, 'tick')
  }
  clock.advance(rule.window + rule.ttl)
  await walk()
  assert.equal(broker.usage.channels, 51)
  assert.ok(broker.usage.bytes < full / 5, `${broker.usage.bytes} of ${full} bytes`)
  const [head] = (await broker.heads(['c7'])) as [Position]
  assert.equal(head.offset, 5)
  clock.advance(DAY)
  assert.equal(await whyOf(broker, 'c7', head), 'match', 'the anchor outlives the data by a day')
  clock.advance(DAY + rule.window + rule.ttl)
  await walk()
  assert.equal(broker.usage.channels, 1)
  assert.equal(await whyOf(broker, 'c7', head), 'epoch')
})

test('an unwritten position is believed for one anchor at least and two at most', async () => {
  const { broker, clock } = open({ anchor: DAY })
  const [position] = (await broker.heads(['a'])) as [Position]
  clock.advance(DAY)
  assert.equal(await whyOf(broker, 'a', position), 'match')
  clock.advance(DAY)
  assert.equal(await whyOf(broker, 'a', position), 'epoch')
  const [young] = (await broker.heads(['a'])) as [Position]
  await put(broker, 'a')
  clock.advance(DAY)
  assert.equal(await whyOf(broker, 'a', young), 'trimmed', 'written since, and expired')
})

test('a wall clock that jumps an hour expires nothing, keeps nothing longer and moves no inbox', async () => {
  for (const jump of [3_600_000, -3_600_000]) {
    const { broker, clock } = open({ anchor: 1_000_000 })
    const [unwritten] = (await broker.heads(['empty'])) as [Position]
    const first = await put(broker, 'a', '1', 'key')
    clock.jumpWall(jump)
    const second = await put(broker, 'a', '2')
    assert.equal(await whyOf(broker, 'a', first), 'match')
    assert.equal(await whyOf(broker, 'empty', unwritten), 'match')
    assert.deepEqual(await put(broker, 'a', '1', 'key'), first)
    clock.advance(rule.ttl)
    assert.equal(await whyOf(broker, 'a', first), 'trimmed')
    assert.equal(await whyOf(broker, 'a', second), 'match')
  }
})

test('sinks are called outside of append, in order, and never within one another', async () => {
  const { broker } = open()
  const heard: string[] = []
  let within = 0
  const listen = (name: string): Sink =>
    sink((entry) => {
      assert.equal(++within, 1, 'not within another sink')
      heard.push(`${name}${entry.off}`)
      if (name === 'a' && entry.off < 3) void put(broker, 'c')
      within--
    })
  await broker.attach('c', listen('a'))
  await broker.attach('c', listen('b'))
  const appending = put(broker, 'c')
  assert.deepEqual(heard, [], 'not within append')
  await appending
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard, ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
})

test('a sink that throws is seen as an unhandled rejection, and costs nobody else an entry', async (context) => {
  const { broker } = open()
  const heard: number[] = []
  await broker.attach(
    'c',
    sink(() => {
      throw new Error('a bug in a sink')
    }),
  )
  await broker.attach(
    'c',
    sink((entry) => heard.push(entry.off)),
  )
  // The test runner takes unhandled rejections for its own.
  const listeners = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[]
  const seen: unknown[] = []
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => seen.push((error as Error).message))
  context.after(() => {
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
  })
  await put(broker, 'c')
  await put(broker, 'c')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(seen, ['a bug in a sink', 'a bug in a sink'])
  assert.deepEqual(heard, [1, 2])
})

test('whoever detaches within a sink hears nothing more, and leaves no trace', async () => {
  const { broker } = open()
  const heard: string[] = []
  const detach = await broker.attach(
    'c',
    sink(() => {
      heard.push('a')
      detach()
      detachOther()
    }),
  )
  const detachOther = await broker.attach(
    'c',
    sink(() => heard.push('b')),
  )
  await put(broker, 'c')
  await put(broker, 'c')
  assert.deepEqual(heard, ['a'])
})

test('settings that cannot be are refused', () => {
  for (const wrong of [0, -1, Number.NaN]) {
    for (const name of ['anchor', 'window', 'maxChannels', 'maxBytes']) {
      assert.throws(() => new MemoryBroker({ [name]: wrong }), new RegExp(`${name} must be a number from 1 on`))
    }
  }
})
