// What an application may see of one node.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { said, World } from './world.ts'

test('connections are listed by name in pages, only the open ones, or those of a user', async () => {
  const world = new World({ channels: { 'chat:*': {} } })
  world.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token }))
  for (let i = 0; i < 7; i++) await world.connect(i % 2 === 0 ? { token: 'ann' } : {})
  world.link()
  const names: string[] = []
  let after: string | undefined
  let pages = 0
  do {
    const page = world.realtime.connections({ limit: 3, ...(after !== undefined && { after }) })
    names.push(...page.items.map((one) => one.connection))
    after = page.next
    pages++
  } while (after !== undefined)
  assert.equal(pages, 3)
  assert.equal(new Set(names).size, 7)
  assert.deepEqual(names, names.toSorted())
  const ann = world.realtime.connections({ user: 'ann' })
  assert.equal(ann.items.length, 4)
  assert.equal(ann.next, undefined)
  assert.deepEqual(Object.keys(ann.items[0] ?? {}).toSorted(), [
    'address',
    'channels',
    'codec',
    'connection',
    'peer',
    'user',
  ])
  assert.deepEqual(world.realtime.connections({ user: 'nobody' }).items, [])
  await world.realtime.close()
})

test('channels are listed with their subscribers while somebody hears them', async () => {
  const world = new World()
  const peer = await world.subscriber('chat:1')
  await world.subscriber('chat:1')
  await world.subscriber('chat:2')
  await world.subscriber('news')
  await world.subscriber('chat:*')
  const { realtime } = world
  assert.deepEqual(realtime.channels().items, [
    { channel: 'chat:*', subscribers: 1 },
    { channel: 'chat:1', subscribers: 2 },
    { channel: 'chat:2', subscribers: 1 },
    { channel: 'news', subscribers: 1 },
  ])
  assert.deepEqual(realtime.channels({ pattern: 'chat:*', where: (name) => name !== 'chat:*', limit: 1 }), {
    items: [{ channel: 'chat:1', subscribers: 2 }],
    next: 'chat:1',
  })
  assert.deepEqual(realtime.channels({ after: 'chat:2' }).items, [{ channel: 'news', subscribers: 1 }])
  peer.say({ op: 'unsubscribe', ch: 'chat:1' })
  await world.settle()
  assert.equal(realtime.channels({ pattern: 'chat:1' }).items[0]?.subscribers, 1)
  await realtime.close()
})

test('a list of any length is looked at once, and a page is all that is kept of it', async () => {
  const world = new World()
  for (let i = 0; i < 40; i++) await world.subscriber(`c:${(i * 17) % 40}`)
  const seen: string[] = []
  for (let after = ''; ; ) {
    const page = world.realtime.channels({ limit: 7, after })
    assert.ok(page.items.length <= 7)
    seen.push(...page.items.map((one) => one.channel))
    if (page.next === undefined) break
    after = page.next
  }
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => `c:${i}`).toSorted())
  await world.realtime.close()
})

test('a page that cannot be meant is refused with what it should be', async () => {
  const { realtime } = new World()
  for (const limit of [0, -1, 1.5, 1_001, Number.NaN, '3' as unknown as number]) {
    assert.throws(() => realtime.connections({ limit }), { code: 'bad-request', field: 'limit' })
  }
  assert.throws(() => realtime.connections({ after: 1 as unknown as string }), { code: 'bad-request', field: 'after' })
  assert.throws(() => realtime.channels({ pattern: 'a b' }), { code: 'bad-request', field: 'pattern' })
  assert.throws(() => realtime.channels({ patern: 'a' } as never), /did you mean 'pattern'/)
  await realtime.close()
})

test('a key of one scope is unknown in another', async () => {
  const world = new World()
  const { realtime } = world
  const peer = await world.subscriber('a')
  const publish = async (scope?: string): Promise<number | undefined> => {
    const published = realtime.publish('a', 1, { key: 'k', ...(scope !== undefined && { scope }) })
    await world.settle()
    return (await published).position?.offset
  }
  const offsets = [
    await publish(),
    await publish('billing'),
    await publish('shop'),
    await publish('billing'),
    await publish(),
  ]
  assert.deepEqual(offsets, [1, 2, 3, 2, 1])
  assert.equal(said(peer).length, 3)
  await assert.rejects(realtime.publish('a', 1, { scope: '' }), { code: 'bad-request', field: 'scope' })
  await assert.rejects(realtime.publish('a', 1, { scope: 'x'.repeat(129) }), { code: 'bad-request', field: 'scope' })
  await realtime.close()
})

test('the facts of a node are those of its broker and its settings', async () => {
  const { realtime } = new World({ limits: { body: 1_000 }, window: 10_000 })
  const { durability, verified, window, limits, healthy } = realtime.facts
  assert.deepEqual([durability, verified, window, limits.body, healthy], ['memory', true, 10_000, 1_000, true])
  await realtime.close()
})
