// What an application gives to the functions of a server, by mistake.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { ConnectHook, PublishOptions } from '../src/mod.ts'
import { said, World } from './world.ts'

test('a key or state that no client could read is refused, and no reader of the channel notices', async () => {
  const world = new World()
  const listener = await world.subscriber('chat:1')
  for (const [wrong, message] of [
    [{ key: 'k'.repeat(70_000) }, /^key must be 1 to 64 printable ASCII .* a hash/],
    [{ key: 'order 17' }, /^key must be .* without space, not 'order 17'/],
    [{ key: 17 }, /^key must be .*, not 17/],
    [{ key: '' }, /^key must be/],
    [{ state: 17 }, /^state must be text of 1 to 128 bytes, not 17/],
    [{ state: 'é'.repeat(65) }, /^state must be text/],
    [{ stat: 'a' }, /^publish\(\) has an unknown key 'stat': did you mean 'state'\?/],
    ['a-key', /^publish\(\) must be an object/],
  ] as const) {
    await assert.rejects(world.realtime.publish('chat:1', 'wrong', wrong as unknown as PublishOptions), { message })
  }
  await world.realtime.publish('chat:1', 'right', { key: 'k'.repeat(64), state: 'é'.repeat(64) })
  await world.settle()
  assert.deepEqual(said(listener), ['right'])
})

test('a query for history that cannot be meant is refused, not answered with something else', async () => {
  const world = new World()
  await world.publish('chat:1', 1)
  const { end } = await world.realtime.history('chat:1')
  for (const [wrong, message] of [
    [{ limit: 0 }, /^limit must be a whole number from 1 on, not 0/],
    [{ limit: '10' }, /^limit must be/],
    [{ after: 1 }, /^after must be a position/],
    [{ before: { epoch: 'e', offset: -1, id: '' } }, /^before must be a position/],
    [{ after: end, before: end }, /exclude each other/],
    [{ aftr: end }, /did you mean 'after'/],
  ] as const) {
    await assert.rejects(world.realtime.history('chat:1', wrong as object), { message })
  }
})

test('a hook that is none is refused: it would let everybody in', () => {
  const { realtime } = new World()
  const none = undefined as never
  assert.throws(() => realtime.authorize(none), { message: 'authorize() must be given a function, not undefined' })
  assert.throws(() => realtime.onConnect({} as never), TypeError)
  assert.throws(() => realtime.onPublish(true as never), TypeError)
})

test('a user, a channel or a reason that is none is refused where it is given', async () => {
  const { realtime } = new World()
  const message = /^user must be text of 1 to 1024 characters, not 17: write '17'/
  await assert.rejects(realtime.send(17 as never, 'hello'), { message })
  await assert.rejects(realtime.subscribe(17 as never, 'chat:1'), { message })
  await assert.rejects(realtime.unsubscribe(17 as never, 'chat:1'), { message })
  await assert.rejects(realtime.disconnect(17 as never), { message })
  await assert.rejects(realtime.disconnect(''), /user must be text/)
  await assert.rejects(realtime.unsubscribe('ann', 'a b'), /the channel "a b"/)
  await assert.rejects(realtime.disconnect('ann', 4001, 5 as never), RangeError)
})

test('what onConnect must not return lets nobody in, and the log says what to write', async () => {
  for (const [wrong, problem] of [
    [null, /throw new RealtimeError\('unauthorized'\), not return null/],
    [false, /not return false/],
    ['ann', /not return 'ann'/],
    [{ user: 17 }, /user must be text .*, not 17: write '17'/],
    [{ user: '' }, /user must be text/],
    [{ expires: 'soon' }, /expires must be whole ms since 1970, not 'soon'/],
    [{ expires: 1_763_719_200 }, /are seconds: write 1763719200000/],
    [{ channels: 'chat:1' }, /channels must be a list, not 'chat:1'/],
  ] as const) {
    const logged: unknown[] = []
    const world = new World({ log: (_event, { error }) => logged.push(error) })
    world.realtime.onConnect((() => wrong) as unknown as ConnectHook)
    const peer = world.link()
    peer.say({ op: 'connect', client: 'c', features: [] })
    await world.settle()
    assert.equal(peer.code(), 4003)
    assert.equal(logged.length, 1)
    assert.match(String(logged[0]), problem)
  }
})

test('a server that was closed serves nobody any more, and listen says what it needs', async () => {
  const { realtime } = new World()
  await assert.rejects(
    realtime.listen(undefined as never),
    /listen\(\) needs a port, such as listen\(\{ port: 8080 \}\)/,
  )
  await assert.rejects(realtime.listen(8080 as never), /listen\(\) needs a port/)
  await realtime.close()
  await assert.rejects(realtime.listen({ port: 0 }), /was closed: make another one/)
  assert.throws(() => realtime.attach(createServer()), /was closed/)
})
