// What is taken away while something is under way: nothing that was decided before is used afterwards, and no client can
// put it off.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Grant, RealtimeOptions } from '../../src/mod.ts'
import { faulty } from '../faulty.ts'
import { said, World } from '../world.ts'

/** A server whose clients bring their grant as their token. */
function closed(options: RealtimeOptions = {}): World {
  const world = new World({ allow: ['rights', 'token'], ...options })
  world.realtime.onConnect(({ token }) => JSON.parse(token ?? '{}') as Grant)
  return world
}

const as = (grant: Grant): { token: string } => ({ token: JSON.stringify(grant) })
const all: Grant = { user: 'ann', rights: [{ channels: '**' }] }
const subscribe = (ch: string, fields: object = {}) => ({ op: 'subscribe', ch, from: 'head', ...fields })
const codes = (pushes: Record<string, unknown>[]) => pushes.map(({ error }) => (error as { code: string }).code)

describe('who is there', () => {
  const options: RealtimeOptions = {
    channels: { '**': { presence: true, allow: { subscribe: ['rights', 'token'], presence: 'rights' } } },
  }
  const subscribes = [{ channels: '**', actions: ['subscribe'] }] as const

  it('is told to no subscriber without the right to presence, whatever it asks for', async () => {
    const world = closed(options)
    const peer = await world.connect(as({ user: 'bob', rights: subscribes }))
    const id = peer.say(subscribe('a', { presence: true }))
    await world.settle()
    peer.ok(id)
    const ann = await world.connect(as({ ...all, info: { name: 'Ann' } }))
    ann.say(subscribe('a', { presence: true }))
    await world.pass(2_000)
    ;(await world.connect(as(all))).say(subscribe('a'))
    await world.pass(2_000)
    assert.deepEqual(peer.pushes('members'), [])
    assert.ok(ann.pushes('members').length > 0)
    await world.publish('a', 1)
    assert.deepEqual(said(peer), [1])
  })

  it('is told no longer than the right is there', async () => {
    const world = closed(options)
    const peer = await world.connect(as({ ...all, user: 'bob' }))
    peer.say(subscribe('a', { presence: true }))
    await world.pass(2_000)
    peer.say({ op: 'refresh', ...as({ user: 'bob', rights: subscribes }) })
    await world.settle()
    const before = peer.pushes('members').length
    const ann = await world.connect(as(all))
    ann.say(subscribe('a'))
    await world.pass(2_000)
    assert.equal(peer.pushes('members').length, before)
    assert.deepEqual(peer.pushes('unsub'), [])
    await world.publish('a', 1)
    assert.deepEqual(said(peer), [1])
  })
})

describe('a subscription that the application ends', () => {
  it('is decided afresh when the client asks again: what the hook said before is forgotten', async () => {
    const world = closed()
    let isMember = true
    world.realtime.authorize(() => isMember)
    const peer = await world.connect(as(all))
    peer.say(subscribe('a'))
    await world.settle()
    isMember = false
    await world.realtime.unsubscribe('ann', 'a')
    const id = peer.say(subscribe('a'))
    await world.settle()
    assert.equal(peer.error(id).code, 'forbidden')
    await world.publish('a', 1)
    assert.deepEqual(said(peer), [])
  })

  it('ends in that turn, whatever the client has under way in the channel', async () => {
    const world = closed()
    world.realtime.onPublish(() => new Promise(() => {}))
    const peer = await world.connect(as(all))
    peer.say(subscribe('a'))
    await world.settle()
    for (let i = 0; i < 100; i++)
      peer.say({ op: 'publish', ch: 'a', key: `k${i}`, lane: 0, data: 1, since: world.time.wall() })
    await world.realtime.unsubscribe('ann', 'a')
    await world.publish('a', 'late')
    assert.deepEqual(said(peer), [])
    assert.deepEqual(codes(peer.pushes('unsub')), ['forbidden'])
    await world.pass(1_000_000)
  })
})

describe('a token for a channel that is revoked', () => {
  const share = { channels: 'a', actions: ['subscribe', 'publish', 'history'], token: { id: 'share' } } as const

  it('ends its subscription in that turn, whatever the client has under way in the channel', async () => {
    const world = closed()
    world.realtime.onToken(() => share).onPublish(() => new Promise(() => {}))
    const peer = await world.connect(as({ user: 'ann' }))
    peer.say(subscribe('a', { token: 't' }))
    await world.settle()
    for (let i = 0; i < 100; i++)
      peer.say({ op: 'publish', ch: 'a', key: `k${i}`, lane: 0, data: 1, since: world.time.wall() })
    await world.settle()
    const revoked = world.realtime.revoke({ token: 'share' })
    await world.settle()
    await revoked
    await world.publish('a', 'late')
    assert.deepEqual(said(peer), [])
    assert.deepEqual(codes(peer.pushes('unsub')), ['token-revoked'])
    await world.pass(1_000_000)
  })

  it('lets nothing through that was being checked meanwhile', async () => {
    const world = closed()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.realtime.onToken(() => share).onPublish(() => promise)
    const peer = await world.connect(as({ user: 'ann' }))
    peer.say(subscribe('a', { token: 't' }))
    await world.settle()
    const id = peer.say({ op: 'publish', ch: 'a', key: 'k', lane: 0, data: 1, since: world.time.wall() })
    await world.settle()
    const revoked = world.realtime.revoke({ token: 'share' })
    await world.settle()
    await revoked
    resolve(undefined)
    await world.settle()
    assert.equal(peer.error(id).code, 'token-revoked')
    assert.equal((await world.realtime.history('a')).items.length, 0)
  })
})

describe('another token', () => {
  it('holds for a page of history that waits for its reader', async () => {
    const world = closed()
    await world.publish('a', 1, 2, 3)
    const peer = await world.connect(as(all))
    peer.stall()
    const first = peer.say({ op: 'history', ch: 'a', limit: 10 })
    await world.settle()
    const id = peer.say({ op: 'history', ch: 'a', limit: 10 })
    await world.settle()
    peer.say({ op: 'refresh', ...as({ user: 'ann' }) })
    await world.settle()
    peer.flow()
    await world.settle()
    peer.ok(first)
    assert.equal(peer.error(id).code, 'forbidden')
  })

  it('takes a subscription of the server’s that is still on its way', async () => {
    const world = closed()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.realtime.onPublish(() => promise)
    const peer = world.link()
    const grant: Grant = { user: 'ann', channels: ['a'], rights: [{ channels: 'a', actions: ['publish'] }] }
    const publish = { op: 'publish', ch: 'a', key: 'k', lane: 0, data: 1, since: world.time.wall() }
    peer.say({ op: 'connect', client: 'c', features: [], ...as(grant) })
    peer.say(publish)
    await world.settle()
    peer.say({ op: 'refresh', ...as({ user: 'ann' }) })
    await world.settle()
    resolve(undefined)
    await world.settle()
    await world.publish('a', 'late')
    assert.deepEqual(said(peer), [])
  })

  it('ends subscriptions when the tokens for their channels end, however many there are', async () => {
    const world = closed({ limits: { channels: 2_000 }, admission: { subscribeRate: 5_000 } })
    const expires = world.time.wall() + 20_000
    world.realtime.onToken((_token, channel) => ({ channels: channel, expires }))
    const peer = await world.connect(as({ user: 'ann' }))
    for (let i = 0; i < 1_500; i++) {
      peer.say(subscribe(`c:${i}`, { token: 't' }))
      if (i % 100 === 0) await world.settle()
    }
    await world.settle()
    peer.say({ op: 'refresh', ...as({ user: 'ann' }) })
    await world.pass(19_000)
    assert.equal(peer.code(), null)
    assert.equal(peer.pushes('unsub').length, 0)
    await world.pass(1_100)
    assert.equal(peer.pushes('unsub').length, 1_500)
  })
})

describe('a user who is revoked', () => {
  it('is not let in by a hook that was asked before', async () => {
    const world = new World({ allow: 'users' })
    const { promise, resolve } = Promise.withResolvers<Grant>()
    world.realtime.onConnect(() => promise)
    const peer = world.link()
    peer.say({ op: 'connect', client: 'c', features: [] })
    await world.settle()
    await world.pass(10)
    const revoked = world.realtime.revoke({ user: 'ann' })
    await world.settle()
    await revoked
    await world.pass(10)
    resolve({ user: 'ann' })
    await world.settle()
    assert.equal(peer.code(), 4201)
  })
})

describe('a grant that has ended when it is given', () => {
  it('lets nobody in, and nothing that came behind it is obeyed', async () => {
    const world = closed()
    const peer = world.link()
    const since = world.time.wall()
    const id = peer.say({ op: 'connect', client: 'c', features: [], ...as({ ...all, expires: since }) })
    const late = peer.say({ op: 'publish', ch: 'a', key: 'k', lane: 0, data: 'late', since })
    await world.settle()
    assert.equal(peer.error(id).code, 'token-expired')
    assert.equal(peer.code(), 4200)
    assert.throws(() => peer.reply(late), /was not answered/)
    assert.equal((await world.realtime.history('a')).items.length, 0)
  })

  it('does not take the place of one that is good', async () => {
    const world = closed()
    const peer = await world.connect(as({ ...all, expires: world.time.wall() + 10_000 }))
    const id = peer.say({ op: 'refresh', ...as({ ...all, expires: world.time.wall() - 1 }) })
    await world.settle()
    assert.equal(peer.error(id).code, 'token-expired')
    await world.pass(5_000)
    assert.equal(peer.code(), null)
  })
})

describe('a publication that waits for the store', () => {
  it('is not stored when the right is gone, by other rules, another token, or a revoked one', async () => {
    const share = { channels: 'a', actions: ['publish'], token: { id: 'share' } } as const
    const ways: Record<string, (world: World, say: (command: Record<string, unknown>) => number) => unknown> = {
      rules: ({ realtime }) => realtime.update({ channels: { '**': { allow: { publish: 'nobody' } } } }),
      token: (_, say) => say({ op: 'refresh', ...as({ user: 'ann' }) }),
      revoked: ({ realtime }) => void realtime.revoke({ token: 'share' }),
    }
    for (const [name, lose] of Object.entries(ways)) {
      const { world, broker } = faulty({ allow: ['rights', 'token'] })
      world.realtime.onConnect(({ token }) => JSON.parse(token ?? '{}') as Grant).onToken(() => share)
      const peer = await world.connect(as(name === 'revoked' ? { user: 'ann' } : all))
      if (name === 'revoked') peer.say(subscribe('a', { token: 't' }))
      await world.settle()
      broker.hold('append')
      const since = world.time.wall()
      const [first, second] = [1, 2].map((data) => {
        return peer.say({ op: 'publish', ch: 'a', key: `k${data}`, lane: 0, data, since })
      }) as [number, number]
      await world.settle()
      lose(world, (command) => peer.say(command))
      await world.settle()
      broker.release('append')
      await world.settle()
      peer.ok(first)
      assert.equal(peer.error(second).code, 'aborted', name)
      assert.equal((await world.realtime.history('a')).items.filter(({ ev }) => ev === 'pub').length, 1, name)
    }
  })
})
