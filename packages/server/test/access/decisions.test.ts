// Each question is decided once, and again when the token or the rules change.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RealtimeError } from '@tautline/wire'
import type { Grant, RealtimeOptions } from '../../src/mod.ts'
import type { Peer } from '../peer.ts'
import { World } from '../world.ts'

/** A server whose clients bring their grant as their token. */
function closed(options: RealtimeOptions = {}): World {
  const world = new World({ allow: ['rights', 'token'], ...options })
  world.realtime.onConnect(({ token }) => JSON.parse(token ?? '{}') as Grant)
  return world
}

function as(grant: Grant): { token: string } {
  return { token: JSON.stringify(grant) }
}

/** The code of the refusal; null: it was allowed. */
async function ask(world: World, peer: Peer, command: Record<string, unknown>): Promise<string | null> {
  const id = peer.say({ since: world.time.wall(), ...command })
  await world.settle()
  const reply = peer.received.find((message) => 'id' in message && message.id === id) as { error?: { code: string } }
  assert.ok(reply !== undefined, 'no reply')
  return reply.error?.code ?? null
}

const subscribe = (ch: string, token?: string): Record<string, unknown> => ({
  ...{ op: 'subscribe', ch, from: 'head' },
  ...(token === undefined ? null : { token }),
})
const publish = (ch: string, key: string): Record<string, unknown> => ({ op: 'publish', ch, key, lane: 0, data: 1 })

describe('without a word about it', () => {
  it('nobody is let in where nothing is open to everyone and no hook says who they are', async () => {
    const world = new World({ allow: 'users' })
    const peer = world.link()
    const id = peer.say({ op: 'connect', client: 'c', features: [] })
    await world.settle()
    assert.equal(peer.error(id).code, 'unauthorized')
    assert.equal(peer.code(), 4400)
  })

  it('a client with a user id may do nothing: not subscribe, publish, read, or see who is there', async () => {
    const world = closed({ channels: { '**': { presence: true } } })
    const peer = await world.connect(as({ user: 'ann' }))
    const history = { op: 'history', ch: 'a', limit: 1 }
    for (const command of [subscribe('a'), subscribe('a:*'), publish('a', 'k'), history, { op: 'presence', ch: 'a' }]) {
      assert.equal(await ask(world, peer, command), 'forbidden', JSON.stringify(command))
    }
  })

  it('a channel of $user is open to that user alone, and no pattern brings it, not to an admin either', async () => {
    const world = closed({ channels: { '**': { allow: 'users' }, 'inbox:$user': {} } })
    const ann = await world.connect(as({ user: 'ann' }))
    const bob = await world.connect(as({ user: 'bob', rights: [{ channels: '**' }] }))
    assert.equal(await ask(world, ann, subscribe('inbox:ann')), null)
    assert.equal(await ask(world, bob, subscribe('inbox:ann')), 'forbidden')
    assert.equal(await ask(world, bob, publish('inbox:ann', 'k')), 'forbidden')
    assert.equal(await ask(world, bob, subscribe('inbox:*')), null)
    assert.equal(await ask(world, bob, subscribe('**')), null)
    await world.publish('inbox:ann', 'for ann')
    await world.publish('chat:1', 'for all')
    assert.deepEqual(
      ann.publications().map(({ data }) => data),
      ['for ann'],
    )
    assert.deepEqual(
      bob.publications().map(({ data }) => data),
      ['for all'],
    )
  })
})

describe('rights', () => {
  it('open what they name, by channel and action', async () => {
    const world = closed()
    const rights = [{ channels: 'chat:*', actions: ['subscribe'] }, { channels: 'log' }] as const
    const peer = await world.connect(as({ rights }))
    assert.equal(await ask(world, peer, subscribe('chat:1')), null)
    assert.equal(await ask(world, peer, subscribe('chat:*')), null)
    assert.equal(await ask(world, peer, publish('chat:1', 'a')), 'forbidden')
    assert.equal(await ask(world, peer, subscribe('chat:1:x')), 'forbidden')
    assert.equal(await ask(world, peer, publish('log', 'b')), null)
  })

  it('cannot open what a rule allows to nobody, nor can a hook', async () => {
    const world = closed({ channels: { 'news:*': { allow: { publish: 'nobody', subscribe: 'everyone' } } } })
    world.realtime.authorize(() => true)
    const peer = await world.connect(as({ rights: [{ channels: '**' }] }))
    assert.equal(await ask(world, peer, publish('news:1', 'k')), 'forbidden')
  })

  it('that are no rights let nobody in: the hook’s mistake is told', async () => {
    const logged: string[] = []
    for (const rights of [
      'chat:*',
      [{ channels: 5 }],
      [{ channels: [] }],
      [{}],
      [null],
      [{ channels: 'a b' }],
      [{ channels: 'a', actions: ['read'] }],
      [{ channels: 'a', actions: 'publish' }],
    ]) {
      const world = new World({ log: (_event, { error }) => logged.push(String(error)) })
      world.realtime.onConnect(() => ({ rights }) as unknown as Grant)
      const peer = world.link()
      peer.say({ op: 'connect', client: 'c', features: [] })
      await world.settle()
      assert.equal(peer.code(), 4003, JSON.stringify(rights))
    }
    assert.equal(logged.length, 8)
    for (const line of logged) assert.match(line, /^Error: onConnect: rights/)
  })
})

describe('a hook', () => {
  it('is asked once for each action and channel, and again when the client brings another token', async () => {
    const world = closed()
    const asked: string[] = []
    world.realtime.authorize(async (who, action, channel) => {
      asked.push(`${action} ${channel} ${who.user}`)
      return true
    })
    const peer = await world.connect(as({ user: 'ann' }))
    for (let i = 0; i < 5; i++) assert.equal(await ask(world, peer, publish('a', `k${i}`)), null)
    await ask(world, peer, { op: 'history', ch: 'a', limit: 1 })
    assert.deepEqual(asked, ['publish a ann', 'history a ann'])
    assert.equal(await ask(world, peer, { op: 'refresh', ...as({ user: 'ann' }) }), null)
    await ask(world, peer, publish('a', 'z'))
    assert.equal(asked.length, 3)
  })

  it('that says undefined leaves it to the rules; anything but true and undefined is a no', async () => {
    const world = closed({ channels: { '**': { allow: 'users' } } })
    world.realtime.authorize((_who, _action, channel) => (channel === 'a' ? undefined : (1 as unknown as boolean)))
    const ann = await world.connect(as({ user: 'ann' }))
    const nobody = await world.connect(as({}))
    assert.equal(await ask(world, ann, subscribe('a')), null)
    assert.equal(await ask(world, nobody, subscribe('a')), 'forbidden')
    assert.equal(await ask(world, ann, subscribe('b')), 'forbidden')
  })

  it('that could not decide is asked again', async () => {
    const world = closed()
    let down = true
    world.realtime.authorize(() => {
      if (down) throw new RealtimeError('unavailable')
      return true
    })
    const peer = await world.connect(as({}))
    assert.equal(await ask(world, peer, subscribe('a')), 'unavailable')
    down = false
    assert.equal(await ask(world, peer, subscribe('a')), null)
  })

  it('keeps no more answers than it may, whatever names a client invents', async () => {
    const world = closed({ limits: { publishRate: 1_000_000 } })
    let asked = 0
    world.realtime.authorize(() => {
      asked++
      return false
    })
    const peer = await world.connect(as({}))
    for (let i = 0; i < 1_100; i++) peer.say({ op: 'history', ch: `c:${i}`, limit: 1 })
    await world.settle()
    await ask(world, peer, { op: 'history', ch: 'c:1099', limit: 1 })
    assert.equal(asked, 1_100)
    await ask(world, peer, { op: 'history', ch: 'c:0', limit: 1 })
    assert.equal(asked, 1_101)
  })
})

describe('another token', () => {
  it('ends what it does not allow any more, and leaves the rest undisturbed', async () => {
    const world = closed({ channels: { '**': { presence: true } } })
    const peer = await world.connect(as({ user: 'ann', rights: [{ channels: ['a', 'b'] }] }))
    await ask(world, peer, subscribe('a'))
    await ask(world, peer, subscribe('b'))
    await world.publish('a', 1)
    assert.equal(await ask(world, peer, { op: 'refresh', ...as({ user: 'ann', rights: [{ channels: 'a' }] }) }), null)
    await world.settle()
    assert.deepEqual(
      peer.pushes('unsub').map(({ ch }) => ch),
      ['b'],
    )
    await world.publish('a', 2)
    await world.publish('b', 3)
    assert.deepEqual(
      peer.publications().map(({ data }) => data),
      [1, 2],
    )
    assert.equal(peer.pushes('sub').length, 0)
    assert.equal(await ask(world, peer, publish('b', 'k')), 'forbidden')
  })

  it('gives and takes the server’s own subscriptions', async () => {
    const world = closed()
    const peer = await world.connect(as({ user: 'ann', channels: ['x', 'y'] }))
    await world.settle()
    await ask(world, peer, { op: 'refresh', ...as({ user: 'ann', channels: ['y', 'z'] }) })
    await world.settle()
    assert.deepEqual(
      peer.pushes('sub').map(({ ch }) => ch),
      ['x', 'y', 'z'],
    )
    assert.deepEqual(
      peer.pushes('unsub').map(({ ch }) => ch),
      ['x'],
    )
  })
})

describe('a token for a channel', () => {
  /** Tokens are rights as JSON. */
  function withTokens(options: RealtimeOptions = {}): { world: World; read: string[] } {
    const world = closed(options)
    const read: string[] = []
    world.realtime.onToken((token, channel) => {
      read.push(channel)
      if (token === 'bad') throw new RealtimeError('unauthorized')
      return JSON.parse(token)
    })
    return { world, read }
  }

  it('opens its channel, for this connection and for the actions it names', async () => {
    const { world, read } = withTokens()
    const peer = await world.connect(as({}))
    const token = JSON.stringify({ channels: 'a', actions: ['subscribe', 'publish'] })
    assert.equal(await ask(world, peer, publish('a', 'k1')), 'forbidden')
    assert.equal(await ask(world, peer, subscribe('a', token)), null)
    assert.equal(await ask(world, peer, publish('a', 'k2')), null)
    assert.equal(await ask(world, peer, { op: 'history', ch: 'a', limit: 1 }), 'forbidden')
    assert.equal(await ask(world, peer, subscribe('b')), 'forbidden')
    assert.deepEqual(read, ['a'])
    const other = await world.connect(as({}))
    assert.equal(await ask(world, other, subscribe('a')), 'forbidden')
  })

  it('for another channel, or one that cannot be read, opens nothing', async () => {
    const { world } = withTokens()
    const peer = await world.connect(as({}))
    assert.equal(await ask(world, peer, subscribe('a', JSON.stringify({ channels: 'b' }))), 'forbidden')
    assert.equal(await ask(world, peer, subscribe('a', 'bad')), 'unauthorized')
    assert.equal(await ask(world, peer, subscribe('a', '{}')), 'unavailable')
    assert.equal(await ask(world, peer, subscribe('a')), 'forbidden')
  })

  it('does not open what a rule keeps for others', async () => {
    const { world } = withTokens({
      channels: { 'inbox:$user': {}, 'staff:*': { allow: { claims: { role: 'staff' } } } },
    })
    const peer = await world.connect(as({ user: 'bob' }))
    const token = JSON.stringify({ channels: '**' })
    assert.equal(await ask(world, peer, subscribe('inbox:ann', token)), 'forbidden')
    assert.equal(await ask(world, peer, subscribe('staff:1', token)), 'forbidden')
  })

  it('gives nothing beyond its end', async () => {
    const { world } = withTokens()
    const peer = await world.connect(as({}))
    const token = JSON.stringify({ channels: 'a', expires: world.time.wall() + 5_000 })
    assert.equal(await ask(world, peer, subscribe('a', token)), null)
    assert.equal(await ask(world, peer, publish('a', 'k1')), null)
    await world.pass(5_001)
    assert.equal(await ask(world, peer, publish('a', 'k2')), 'token-expired')
  })
})

describe('other rules while it runs', () => {
  it('end what is not allowed any more; connections and everything else go on', async () => {
    const world = closed({ channels: { 'a:*': { allow: 'everyone' }, 'b:*': { allow: 'everyone' } } })
    const peer = await world.connect(as({}))
    await ask(world, peer, subscribe('a:1'))
    await ask(world, peer, subscribe('b:1'))
    assert.equal(await ask(world, peer, publish('b:1', 'k1')), null)
    world.realtime.update({ channels: { 'a:*': { allow: 'everyone' }, 'b:*': { allow: 'users' }, 'c:*': {} } })
    await world.settle()
    assert.deepEqual(
      peer.pushes('unsub').map(({ ch }) => ch),
      ['b:1'],
    )
    assert.equal(await ask(world, peer, publish('b:1', 'k2')), 'forbidden')
    await world.publish('a:1', 'still here')
    assert.equal(peer.publications('a:1').length, 1)
    assert.equal(peer.code(), null)
  })

  it('that are wrong change nothing', async () => {
    const world = closed({ channels: { 'a:*': { allow: 'everyone' } } })
    const peer = await world.connect(as({}))
    await ask(world, peer, subscribe('a:1'))
    assert.throws(
      () => world.realtime.update({ channels: { 'a:*': { alow: 'users' } as object } }),
      /did you mean 'allow'/,
    )
    assert.throws(() => world.realtime.update({ broker: 1 } as object), /unknown key 'broker'/)
    await world.publish('a:1', 1)
    assert.equal(peer.publications().length, 1)
  })
})

describe('the end of a connection', () => {
  it('is told to the application once, with who it was, if it had been let in', async () => {
    const world = closed()
    const told: unknown[] = []
    world.realtime.onDisconnect((who, conn, code) => told.push([who.user, typeof conn, code]))
    const ann = await world.connect(as({ user: 'ann' }))
    const bob = await world.connect(as({ user: 'bob' }))
    const stranger = world.link()
    stranger.vanish()
    ann.vanish(true)
    await world.realtime.disconnect('bob')
    bob.vanish()
    assert.deepEqual(told, [
      ['ann', 'string', 1000],
      ['bob', 'string', 4401],
    ])
  })
})
