import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from './world.ts'

/** What a client may send, and a hook may throw again: it has no text. */
const NO_TEXT: unknown = JSON.parse('{"toString":1,"valueOf":1}')

test('whatever hooks and procedures throw is answered, also what has no text (J03)', async () => {
  const logged: unknown[] = []
  const world = new World({ log: (_event, { error }) => logged.push(error) })
  world.realtime.authorize((_who, action) => {
    if (action === 'subscribe') throw NO_TEXT
    return true
  })
  world.realtime.onPublish(() => Promise.reject(NO_TEXT))
  world.realtime.rpc('throw', (said) => {
    throw said
  })
  const peer = await world.connect()
  const call = peer.say({ op: 'rpc', method: 'throw', ms: 1_000, data: NO_TEXT })
  const subscribe = peer.say({ op: 'subscribe', ch: 'a', from: 'head' })
  const since = world.time.wall()
  const publish = peer.say({ op: 'publish', ch: 'b', key: 'k', since, lane: 0, data: 1 })
  await world.settle()
  assert.equal(peer.error(call).code, 'unknown')
  assert.equal(peer.error(subscribe).code, 'unavailable')
  assert.equal(peer.error(publish).code, 'unavailable')
  assert.deepEqual(logged, Array(3).fill('something that has no text'))

  world.realtime.onConnect(() => Promise.reject(NO_TEXT))
  const refused = world.link()
  refused.say({ op: 'connect', client: 'c', features: [] })
  await world.settle()
  assert.equal(refused.code(), 4003)
})

test('a connect that is wrong ends the connection like one that is refused: 4400, 4403; another wrong command is 4300', async () => {
  const world = new World({ limits: { channels: 1 } })
  const resume = [
    { ch: 'a', from: 'head' },
    { ch: 'b', from: 'head' },
  ]
  for (const [fields, error, code] of [
    [{ op: 'connect', client: '', features: [] }, 'bad-request', 4400],
    [{ op: 'connect', client: 'c', features: [], resume: [{ ch: '\r\n', from: 'head' }] }, 'bad-request', 4400],
    [{ op: 'connect', client: 'c', features: [], resume }, 'limit', 4403],
    [{ op: 'subscribe', ch: 5 }, null, 4300],
    [{ op: 'unheard-of' }, null, 4300],
  ] as const) {
    const peer = world.link()
    const id = peer.say({ ...fields })
    await world.settle()
    if (error !== null) assert.equal(peer.error(id).code, error)
    assert.equal(peer.code(), code)
  }
})
