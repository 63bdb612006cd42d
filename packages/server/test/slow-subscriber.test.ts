import assert from 'node:assert/strict'
import { test } from 'node:test'
import { said, World } from './world.ts'

const KILOBYTE = 'x'.repeat(1_000)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const RULES = { '**': { history: { size: 5_000 } }, 'live:*': { log: false as const } }

/** The numbers in messages `{ n, … }`. */
function numbers(messages: readonly unknown[]): number[] {
  return messages.map((one) => (one as { n: number }).n)
}

test('lossless: a subscriber that stops reading loses nothing, keeps its connection and does not fill the memory', async () => {
  const world = new World({ channels: RULES })
  const slow = await world.subscriber('chat:1')
  const fast = await world.subscriber('chat:1')
  slow.stall()
  for (const n of range(1, 2_000)) {
    await world.publish('chat:1', { n, text: KILOBYTE })
    assert.ok(slow.buffered < 600_000, `${slow.buffered} bytes wait at message ${n}`)
  }
  assert.equal(slow.code(), null)
  assert.deepEqual(numbers(said(fast)), range(1, 2_000))
  while (numbers(said(slow)).length < 2_000) {
    slow.flow()
    await world.settle()
  }
  assert.deepEqual(numbers(said(slow)), range(1, 2_000))
  assert.equal(slow.pushes('lost').length + slow.pushes('gap').length, 0)
})

test('lossless: if the log ran ahead the subscriber is told lost {trimmed} and goes on', async () => {
  const world = new World({ channels: { '**': { history: { size: 50 } } } })
  const slow = await world.subscriber('chat:1')
  slow.stall()
  for (const n of range(1, 1_000)) await world.publish('chat:1', { n, text: KILOBYTE })
  slow.flow()
  await world.settle()
  assert.equal((slow.pushes('lost')[0]?.['lost'] as { why: string } | undefined)?.why, 'trimmed')
  await world.publish('chat:1', { n: 1_001 })
  assert.equal(numbers(said(slow)).at(-1), 1_001)
})

test('latest: only the newest of each state key waits, runs of removed entries are one gap each, and the chain holds', async () => {
  const world = new World({ channels: RULES })
  const slow = await world.subscriber('ticks:1', { policy: 'latest' })
  slow.stall()
  for (const n of range(1, 1_000)) {
    const published = world.realtime.publish('ticks:1', { n, text: KILOBYTE }, { state: `key${n % 5}` })
    await world.settle()
    await published
  }
  slow.flow()
  await world.settle()
  await world.publish('ticks:1', { n: 1_001 })
  const seen = numbers(said(slow))
  assert.ok(seen.length < 800, `${seen.length} delivered`)
  assert.deepEqual(seen.slice(-6), range(996, 1_001))
  chains(slow)
})

test('{ drop: n }: the oldest go, one gap says how many, and the newest n remain', async () => {
  const world = new World({ channels: RULES })
  const slow = await world.subscriber('chat:1', { policy: { drop: 10 } })
  slow.stall()
  for (const n of range(1, 1_000)) await world.publish('chat:1', { n, text: KILOBYTE })
  slow.flow()
  await world.settle()
  const gaps = slow.pushes('gap')
  const seen = numbers(said(slow))
  const dropped = gaps.reduce((sum, gap) => sum + (gap['count'] as number), 0)
  assert.equal(dropped + seen.length, 1_000)
  assert.equal(seen.at(-1), 1_000)
  assert.ok(gaps.every((gap) => gap['why'] === 'dropped'))
  chains(slow)
})

test('disconnect: a subscriber that cannot keep up is sent away with 4002', async () => {
  const world = new World({ channels: RULES })
  const slow = await world.subscriber('chat:1', { policy: 'disconnect' })
  slow.stall()
  for (const n of range(1, 400)) await world.publish('chat:1', { n, text: KILOBYTE })
  assert.equal(slow.code(), 4002)
})

test('an ephemeral channel keeps the newest 100 for a slow subscriber, and no position is named', async () => {
  const world = new World({ channels: RULES })
  const slow = await world.subscriber('live:1')
  slow.stall()
  for (const n of range(1, 1_000)) await world.publish('live:1', { n, text: KILOBYTE })
  slow.flow()
  await world.settle()
  const seen = numbers(said(slow))
  assert.ok(seen.length < 600, `${seen.length} delivered`)
  assert.equal(seen.at(-1), 1_000)
  assert.equal(
    slow.publications().every((one) => one.off === undefined),
    true,
  )
})

test('pages of history wait until what was asked for before is read: one at a time is under way', async () => {
  const world = new World({ channels: RULES })
  for (const ch of ['chat:1', 'chat:2'])
    await world.publish(ch, ...range(1, 20).map((n) => ({ n, text: 'y'.repeat(60_000) })))
  const peer = await world.connect()
  peer.stall()
  const ids = range(1, 12).map((n) => peer.say({ op: 'history', ch: `chat:${1 + (n % 2)}`, limit: 20 }))
  await world.settle()
  assert.ok(peer.buffered < 2_000_000, `${peer.buffered} bytes are under way`)
  for (let i = 0; i < 12; i++) {
    peer.flow()
    await world.settle()
  }
  for (const id of ids) assert.ok((peer.ok(id)['items'] as unknown[]).length > 10)
  assert.equal(peer.code(), null)
})

test('what nobody reads ends the connection with 4002 above 4 MiB, whatever the policies say', async () => {
  const world = new World({ channels: RULES })
  world.realtime.onConnect(() => ({ user: 'ann' }))
  const peer = await world.connect()
  peer.stall()
  for (let i = 0; i < 100 && peer.code() === null; i++) {
    await world.realtime.send('ann', 'y'.repeat(60_000))
    assert.ok(peer.buffered < 4_200_000)
  }
  assert.equal(peer.code(), 4002)
})

/** Every publication follows the one before it, or a gap that ends at its predecessor. */
function chains(peer: { received: readonly unknown[] }): void {
  let at: number | null = null
  for (const message of peer.received as { ev?: string; off?: number; to?: { offset: number } }[]) {
    if (message.ev === 'gap') at = message.to!.offset
    if (message.ev !== 'pub') continue
    if (at !== null) assert.equal(message.off, at + 1)
    at = message.off!
  }
}
