import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '../world.ts'

const publish = { op: 'publish', ch: 'secret:1', key: 'k', lane: 0, data: 1 }

test('what somebody may not do is refused on every path: subscribe, publish, history, presence, resume (J12)', async () => {
  const world = new World({ channels: { '**': { presence: true } } })
  world.realtime.authorize((who, _action, channel) => !channel.startsWith('secret:') || who.user === 'ann')
  const peer = await world.connect({ resume: [{ ch: 'secret:1', from: 'head' }] })
  const ids = [
    { op: 'subscribe', ch: 'secret:1', from: 'head' },
    { ...publish, since: world.time.wall() },
    { op: 'history', ch: 'secret:1', limit: 10 },
    { op: 'presence', ch: 'secret:1' },
    { op: 'subscribe', ch: 'secret:*', from: 'head' },
  ].map((command) => peer.say(command))
  await world.settle()
  for (const id of ids) assert.equal(peer.error(id).code, 'forbidden')
  assert.equal((peer.pushes('unsub')[0]!['error'] as { code: string }).code, 'forbidden')
  await world.publish('secret:1', 'for ann')
  assert.equal(peer.publications().length, 0)
})

test('rules refuse without any hook: no rule, no subscribing, no publishing, no log, no presence', async () => {
  const world = new World({
    channels: {
      'news:*': { allow: { publish: 'nobody' } },
      'in:*': { allow: { subscribe: 'nobody', history: 'nobody' } },
      'live:*': { log: false },
    },
  })
  const peer = await world.connect()
  const since = world.time.wall()
  const table = [
    [{ op: 'subscribe', ch: 'unknown', from: 'head' }, 'forbidden'],
    [{ ...publish, ch: 'news:1', since }, 'forbidden'],
    [{ op: 'subscribe', ch: 'in:1', from: 'head' }, 'forbidden'],
    [{ op: 'history', ch: 'in:1', limit: 1 }, 'forbidden'],
    [{ op: 'history', ch: 'live:1', limit: 1 }, 'unsupported'],
    [{ op: 'presence', ch: 'live:1' }, 'unsupported'],
    [{ op: 'subscribe', ch: 'in:*', from: 'head' }, 'forbidden'],
  ] as const
  const ids = table.map(([command]) => peer.say(command))
  await world.settle()
  table.forEach(([command, code], i) => {
    assert.equal(peer.error(ids[i]!).code, code, JSON.stringify(command))
  })
})

test('a hook that does not answer within 5 s is unavailable, not a yes', async () => {
  const world = new World()
  world.realtime.authorize(() => new Promise(() => {}))
  const peer = await world.connect()
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.pass(5_100)
  assert.equal(peer.error(id).code, 'unavailable')
})

test('history pages both ways, clamps what is asked for (J13), and never jumps silently', async () => {
  const world = new World({ channels: { '**': { history: { size: 20 } } } })
  const peer = await world.connect()
  await world.publish('chat:1', ...Array.from({ length: 30 }, (_, i) => i + 1))
  const ask = async (
    fields: Record<string, unknown>,
  ): Promise<{ off?: number[]; error?: string; start?: unknown; end?: unknown; more?: boolean }> => {
    const id = peer.say({ op: 'history', ch: 'chat:1', ...fields })
    await world.settle()
    const reply = peer.reply(id) as {
      ok?: { items: { off: number }[]; start: unknown; end: unknown; more: boolean }
      error?: { code: string }
    }
    if (reply.error !== undefined) return { error: reply.error.code }
    return { ...reply.ok!, off: reply.ok!.items.filter((one) => 'off' in one).map((one) => one.off) }
  }
  const newest = await ask({ limit: 5 })
  assert.deepEqual(newest.off, [26, 27, 28, 29, 30])
  const older = await ask({ limit: 5, before: newest.start })
  assert.deepEqual(older.off, [21, 22, 23, 24, 25])
  const newer = await ask({ limit: 5, after: older.end })
  assert.deepEqual(newer.off, [26, 27, 28, 29, 30])
  assert.equal(newer.more, false)
  assert.equal((await ask({ limit: 1e9 })).off?.length, 20)
  assert.equal((await ask({ limit: 5, after: { epoch: 'x', offset: 3, id: 'y.0' } })).error, 'not-found')
})

test('100,000 subscribes in frames are refused beyond the limit of channels, with constant memory (J11)', async () => {
  const world = new World({ limits: { channels: 100 } })
  const peer = await world.connect()
  for (let i = 0; i < 300; i++) peer.say({ op: 'subscribe', ch: `c:${i}`, from: 'head' })
  await world.settle()
  const refused = peer.received.filter((message) => 'error' in message && message.error !== undefined)
  assert.equal(refused.length, 200)
  assert.equal(world.realtime.stats.channels, 100)
})
