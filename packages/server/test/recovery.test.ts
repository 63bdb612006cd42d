import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Append, MemoryBroker } from '@tautline/broker'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { chance, Time } from './presence/clock.ts'
import { said, World } from './world.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('a fresh subscriber starts at the head and hears what is published from then on, in order', async () => {
  const world = new World()
  await world.publish('chat:1', 'before')
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1, 2, 3)
  assert.deepEqual(said(peer), [1, 2, 3])
  assert.deepEqual(
    peer.publications().map((one) => one.off),
    [2, 3, 4],
  )
})

test('publications of one turn are one frame, and the same bytes with both codecs say the same', async () => {
  const world = new World()
  const json = await world.subscriber('chat:1')
  const packed = await world.subscriber('chat:1', {}, msgpackCodec)
  const before = json.frames
  const all = range(1, 20).map((n) => world.realtime.publish('chat:1', { n }))
  await world.settle()
  await Promise.all(all)
  assert.deepEqual(
    said(json),
    range(1, 20).map((n) => ({ n })),
  )
  assert.deepEqual(said(packed), said(json))
  assert.ok(json.frames - before <= 3, `${json.frames - before} frames for 20 publications`)
})

test('{ last: n } brings the newest n, from the log and from the ring alike', async () => {
  for (const warm of [false, true]) {
    const world = new World()
    if (warm) await world.subscriber('chat:1')
    await world.publish('chat:1', ...range(1, 10))
    const peer = await world.subscriber('chat:1', { from: { last: 3 } })
    await world.publish('chat:1', 11)
    assert.deepEqual(said(peer), [8, 9, 10, 11])
  }
})

test('{ last } of more than there is brings all, and of an empty channel nothing', async () => {
  const world = new World()
  const empty = await world.subscriber('chat:none', { from: { last: 5 } })
  await world.publish('chat:1', 1, 2)
  const peer = await world.subscriber('chat:1', { from: { last: 5 } })
  assert.deepEqual(said(peer), [1, 2])
  await world.publish('chat:none', 'first')
  assert.deepEqual(said(empty), ['first'])
})

test('who comes back with its position is told recovered and gets exactly what it missed', async () => {
  for (const missed of [0, 1, 30, 90]) {
    const world = new World({ channels: { '**': { history: { size: 200 } } } })
    const first = await world.subscriber('chat:1')
    await world.publish('chat:1', 'a', 'b')
    const { off, id } = first.publications().at(-1)!
    // The epoch is that of the channel's last `sub` or `fence` on the connection.
    const fence = first.pushes('fence').at(-1)
    const epoch = (fence?.['epoch'] ?? (first.ok(2)['start'] as { epoch: string }).epoch) as string
    first.vanish()
    await world.pass(20_000)
    await world.publish('chat:1', ...range(1, missed))
    const again = await world.connect({ resume: [{ ch: 'chat:1', from: { epoch, offset: off, id } }] })
    await world.settle()
    assert.equal(again.pushes('sub')[0]?.['outcome'], 'recovered')
    await world.publish('chat:1', 'after')
    assert.deepEqual(said(again), [...range(1, missed), 'after'])
  }
})

test('a position in an empty channel is recovered, through the fence of its first entry', async () => {
  const world = new World()
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  first.vanish()
  await world.pass(15_000)
  await world.publish('chat:1', 'first')
  const again = await world.connect({ resume: [{ ch: 'chat:1', from: start }] })
  await world.settle()
  assert.equal(again.pushes('sub')[0]?.['outcome'], 'recovered')
  assert.equal(again.pushes('fence').length, 1)
  assert.deepEqual(said(again), ['first'])
})

test('who missed more than the log keeps is told lost {trimmed}, and goes on from the head', async () => {
  const world = new World({ channels: { '**': { history: { size: 5 } } } })
  const first = await world.subscriber('chat:1')
  await world.publish('chat:1', 'seen')
  const { off, id } = first.publications()[0]!
  const epoch = first.pushes('fence')[0]!['epoch']
  first.vanish()
  await world.pass(20_000)
  await world.publish('chat:1', ...range(1, 20))
  const again = await world.connect({ resume: [{ ch: 'chat:1', from: { epoch, offset: off, id } }] })
  await world.settle()
  const sub = again.pushes('sub')[0]!
  assert.equal(sub['outcome'], 'lost')
  assert.equal((sub['lost'] as { why: string }).why, 'trimmed')
  assert.deepEqual(said(again), [])
  await world.publish('chat:1', 'after')
  assert.deepEqual(said(again), ['after'])
})

test('a forged position concerns its client only: lost {epoch} or {diverged}, and nobody else notices (J08, J09)', async () => {
  const world = new World()
  const other = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  const epoch = other.pushes('fence')[0]!['epoch'] as string
  for (const [from, why] of [
    [{ epoch: 'strange', offset: 1, id: 'x.0' }, 'epoch'],
    [{ epoch, offset: 1, id: 'forged.0' }, 'diverged'],
    [{ epoch, offset: 99, id: 'forged.0' }, 'diverged'],
  ] as const) {
    const liar = await world.connect({ resume: [{ ch: 'chat:1', from }] })
    await world.settle()
    const sub = liar.pushes('sub')[0]!
    assert.equal(sub['outcome'], 'lost', JSON.stringify(from))
    assert.equal((sub['lost'] as { why: string }).why, why)
  }
  await world.publish('chat:1', 2)
  assert.deepEqual(said(other), [1, 2])
  assert.equal(other.pushes('lost').length, 0)
})

test('more than the budget of a recovery is lost {limit}, decided before anything is sent', async () => {
  const world = new World({ channels: { '**': { history: { size: 500 }, recovery: { entries: 10 } } } })
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  first.vanish()
  await world.publish('chat:1', ...range(1, 50))
  const again = await world.connect({ resume: [{ ch: 'chat:1', from: start }] })
  await world.settle()
  const sub = again.pushes('sub')[0]!
  assert.equal((sub['lost'] as { why: string } | undefined)?.why, 'limit')
  assert.deepEqual(said(again), [])
})

test('connect is answered before any recovery, and every resumed channel gets a sub of its own', async () => {
  const world = new World()
  const resume = range(1, 200).map((n) => ({ ch: `c:${n}`, from: 'head' }))
  const peer = await world.connect({ resume })
  await world.settle()
  assert.ok('ok' in peer.received[0]!)
  assert.equal(peer.pushes('sub').length, 200)
})

test('a ring serves nothing that is past its time, though the clock of its node is an hour off', async () => {
  for (const off of [-3_600_000, 0, 3_600_000]) {
    const time = new Time()
    const broker = new MemoryBroker({ clock: time, random: chance(3) })
    const skewed = new Time()
    Object.assign(skewed, { clock: time.clock, wall: () => time.wall() + off })
    const world = new World({ clock: skewed, broker, channels: { '**': { history: { size: 50, ttl: '5s' } } } })
    const first = await world.subscriber('chat:1')
    const start = first.ok(2)['start']
    await broker.append('chat:1', range(1, 3).map(entry), { size: 50, ttl: 5_000, window: 300_000 })
    await world.pass(3_000)
    await broker.append('chat:1', range(4, 5).map(entry), { size: 50, ttl: 5_000, window: 300_000 })
    await world.settle()
    assert.deepEqual(said(first), range(1, 5))
    await world.pass(3_000)
    const last = await world.subscriber('chat:1', { from: { last: 5 } })
    assert.deepEqual(said(last), [4, 5], `${off} ms off`)
    const again = await world.connect({ resume: [{ ch: 'chat:1', from: start }] })
    await world.settle()
    assert.equal((again.pushes('sub')[0]!['lost'] as { why: string }).why, 'trimmed')
    assert.deepEqual(said(again), [])
  }
})

function entry(n: number): Append {
  return { id: `w.${n}`, scope: 's', hash: 'h', expires: Number.MAX_SAFE_INTEGER, body: { json: String(n) } }
}
