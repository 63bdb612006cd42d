import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant, Realtime, TokenRight } from '../../src/mod.ts'
import { faulty } from '../faulty.ts'
import { said, World } from '../world.ts'

/** A token is the grant itself here: what is signed is tested elsewhere. */
const token = (grant: Grant): { token: string } => ({ token: JSON.stringify(grant) })

const reading = (one: Realtime): Realtime =>
  one.onConnect(({ token }) => (token === undefined ? {} : (JSON.parse(token) as Grant)))

/** Two nodes of one store. */
function two(world = new World({ allow: 'everyone' })): { world: World; a: Realtime; b: Realtime } {
  return { world, a: reading(world.realtime), b: reading(world.node('n2')) }
}

async function refused(world: World, grant: Grant, node?: Realtime): Promise<[code: string, close: number | null]> {
  const peer = world.link(undefined, node)
  const id = peer.say({ op: 'connect', client: 'again', features: [], ...token(grant) })
  await world.settle()
  return [peer.error(id).code, peer.code()]
}

test('a revoked token ends its connections on both nodes with 4201, nobody else’s, and lets nobody in again', async () => {
  const { world, a, b } = two()
  const t1: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  const t2: Grant = { user: 'ann', token: { id: 't2', issued: world.time.wall() } }
  const [here, there, other] = [
    await world.connect(token(t1)),
    await world.connect(token(t1), undefined, b),
    await world.connect(token(t2), undefined, b),
  ]
  await a.revoke({ token: 't1' })
  await world.settle()
  assert.deepEqual([here.code(), there.code(), other.code()], [4201, 4201, null])
  assert.deepEqual(here.pushes('bye')[0], { ev: 'bye', code: 4201, reason: 'the token was revoked' })
  for (const node of [a, b]) assert.deepEqual(await refused(world, t1, node), ['token-revoked', 4201])
  // Nor can it be brought by a refresh: the connection goes on with what it had.
  const id = other.say({ op: 'refresh', ...token(t1) })
  await world.settle()
  assert.equal(other.error(id).code, 'token-revoked')
  assert.equal(other.code(), null)
  assert.equal(a.metrics().find(({ name }) => name === 'tautline_revocations_total')?.value, 1)
})

test('a user’s connections end, whatever their tokens; one issued later is good', async () => {
  const { world, a, b } = two()
  const issued = world.time.wall()
  const peers = [
    await world.connect(token({ user: 'ann', token: { id: 't1', issued } })),
    await world.connect(token({ user: 'ann' }), undefined, b),
    // Its issuer's clock is ahead of ours.
    await world.connect(token({ user: 'ann', token: { issued: issued + 30_000 } }), undefined, b),
    await world.connect(token({ user: 'bob', token: { id: 't1', issued } })),
  ]
  await world.pass(1_000)
  await a.revoke({ user: 'ann' })
  await world.settle()
  assert.deepEqual(
    peers.map((peer) => peer.code()),
    [4201, 4201, 4201, null],
  )
  for (const node of [a, b]) {
    assert.deepEqual(await refused(world, { user: 'ann', token: { issued } }, node), ['token-revoked', 4201])
    const fresh = await world.connect(token({ user: 'ann', token: { issued: issued + 2_000 } }), undefined, node)
    assert.equal(fresh.code(), null)
  }
})

test('a connection is ended by its name, on whichever node it is, and may come back', async () => {
  const { world, a, b } = two()
  const grant: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  const peer = await world.connect(token(grant), undefined, b)
  const other = await world.connect(token(grant), undefined, b)
  await a.revoke({ connection: peer.ok(1)['conn'] as string })
  await world.settle()
  assert.deepEqual([peer.code(), other.code()], [4201, null])
  await world.connect(token(grant), undefined, b)
  await a.revoke({ connection: 'n9~nobody' })
})

test('while the store takes its time, or stores nothing, a revocation is obeyed on every node all the same', async () => {
  const { world, broker } = faulty({ allow: 'everyone' })
  const { a, b } = two(world)
  const t1: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  const peer = await world.connect(token(t1), undefined, b)
  broker.hold('append')
  broker.notices = () => []
  let stored = false
  const revoked = a.revoke({ token: 't1' }).then(() => {
    stored = true
  })
  await world.settle()
  assert.deepEqual([peer.code(), stored], [4201, false])
  assert.deepEqual(await refused(world, t1, b), ['token-revoked', 4201])
  broker.release('append')
  await revoked
  broker.down = true
  const other = await world.connect(token({ user: 'bob', token: { id: 't2' } }), undefined, b)
  await assert.rejects(a.revoke({ token: 't2' }), { code: 'unavailable' })
  await world.settle()
  assert.equal(other.code(), 4201)
})

test('a node that did not hear of it finds it in the log, and leaves alone those who came back since', async () => {
  const { world, broker } = faulty({ allow: 'everyone' })
  const { a, b } = two(world)
  const issued = world.time.wall()
  const stale = await world.connect(token({ user: 'ann', token: { issued } }), undefined, b)
  broker.control.send = () => Promise.resolve('unknown')
  broker.notices = () => []
  await world.pass(1_000)
  await a.revoke({ user: 'ann' })
  await world.pass(1_000)
  const fresh = await world.connect(token({ user: 'ann', token: { issued: issued + 1_500 } }), undefined, b)
  assert.equal(stale.code(), null, 'nothing told it')
  broker.interrupt()
  await world.pass(100)
  assert.deepEqual([stale.code(), fresh.code()], [4201, null])
})

test('behind a revocation nothing is delivered and nothing is published, not even what waited for the store', async () => {
  const { world, broker } = faulty({ allow: 'everyone' })
  const a = reading(world.realtime)
  const grant: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  const peer = await world.connect(token(grant))
  const witness = await world.subscriber('chat:1')
  peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  const since = world.time.wall()
  broker.hold('append')
  const waiting = world.realtime.publish('chat:1', 'first')
  await world.settle()
  for (let i = 0; i < 5; i++) peer.say({ op: 'publish', ch: 'chat:1', key: `k${i}`, since, lane: 0, data: i })
  await world.settle()
  const revoked = a.revoke({ token: 't1' })
  await world.settle()
  assert.equal(peer.code(), 4201)
  const heard = said(peer).length
  peer.say({ op: 'publish', ch: 'chat:1', key: 'late', since, lane: 0, data: 'late' })
  broker.release('append')
  await world.settle()
  await Promise.all([waiting, revoked])
  await world.publish('chat:1', 'last')
  await world.pass(1_000)
  assert.deepEqual(said(witness), ['first', 'last'])
  assert.equal(said(peer).length, heard)
})

test('a client that is being let in while its token is revoked is not let in', async () => {
  const { world, a, b } = two()
  const grant: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  const asked = Promise.withResolvers<Grant>()
  b.onConnect(() => asked.promise)
  const peer = world.link(undefined, b)
  const id = peer.say({ op: 'connect', client: 'c', features: [] })
  await world.settle()
  await a.revoke({ token: 't1' })
  asked.resolve(grant)
  await world.settle()
  assert.equal(peer.error(id).code, 'token-revoked')
  assert.equal(peer.code(), 4201)
})

test('while what was revoked cannot be read a token is answered unavailable, later let in; nobody without one is held up', async () => {
  const { world, broker } = faulty({ allow: 'everyone' })
  reading(world.realtime)
  const grant: Grant = { user: 'ann', token: { id: 't1', issued: world.time.wall() } }
  broker.down = true
  const peer = world.link()
  const id = peer.say({ op: 'connect', client: 'c', features: [], ...token(grant) })
  await world.pass(2_100)
  assert.deepEqual([peer.error(id).code, peer.code()], ['unavailable', 4003])
  assert.equal((await world.connect(token({ user: 'bob' }))).code(), null)
  broker.down = false
  await world.pass(3_000)
  assert.equal((await world.connect(token(grant))).code(), null)
})

test('no pattern shows what was revoked, whoever asks for it', async () => {
  const { world, a } = two()
  const peer = await world.connect()
  const patterns = ['**', '*'].map((ch) => peer.say({ op: 'subscribe', ch, from: 'head' }))
  await world.settle()
  for (const id of patterns) assert.equal(peer.ok(id)['mode'], 'pattern')
  const names = [' revocations', 'revocations']
  const asked = names.map((ch) => peer.say({ op: 'subscribe', ch, from: { last: 10 } }))
  await a.revoke({ token: 't1' })
  await world.publish('chat', 1)
  await world.settle()
  assert.equal(peer.error(asked[0] as number).code, 'bad-request')
  assert.deepEqual(said(peer), [1])
  await assert.rejects(a.publish(' revocations', 1), { code: 'bad-request' })
  await assert.rejects(a.history(' revocations'), { code: 'bad-request' })
})

test('a token for a channel is revoked like any other: its subscription ends on every node, and it opens nothing any more', async () => {
  const { world, a, b } = two(new World({ channels: { '**': { allow: 'token' } } }))
  for (const node of [a, b]) node.onToken((token) => JSON.parse(token) as TokenRight)
  const issued = world.time.wall()
  const its = (channels: string, id: string): string =>
    JSON.stringify({ channels, token: { id, issued } } satisfies TokenRight)
  const peers = [await world.connect(token({ user: 'ann' })), await world.connect(token({ user: 'bob' }), undefined, b)]
  for (const peer of peers) {
    peer.say({ op: 'subscribe', ch: 'a', from: 'head', token: its('a', 'c1') })
    peer.say({ op: 'subscribe', ch: 'b', from: 'head', token: its('b', 'c2') })
  }
  await world.settle()
  await a.revoke({ token: 'c1' })
  await world.publish('a', 'late')
  await world.publish('b', 'fine')
  for (const peer of peers) {
    const unsubs = peer.pushes('unsub') as { ch: string; error: { code: string; retry: string } }[]
    assert.deepEqual(
      unsubs.map(({ ch, error }) => [ch, error.code, error.retry]),
      [['a', 'token-revoked', 'auth']],
    )
    assert.deepEqual(said(peer), ['fine'])
    assert.equal(peer.code(), null)
    const again = peer.say({ op: 'subscribe', ch: 'a', from: 'head', token: its('a', 'c1') })
    const history = peer.say({ op: 'history', ch: 'a', limit: 5 })
    await world.settle()
    for (const id of [again, history]) assert.equal(peer.error(id).code, 'token-revoked')
    const fresh = peer.say({ op: 'subscribe', ch: 'a', from: 'head', token: its('a', 'c3') })
    await world.settle()
    peer.ok(fresh)
  }
  // What a user was given before, too: she comes back with a new connection and an old token for the channel.
  await world.pass(1_000)
  await a.revoke({ user: 'ann' })
  const back = await world.connect(token({ user: 'ann' }))
  const old = back.say({ op: 'subscribe', ch: 'b', from: 'head', token: its('b', 'c2') })
  await world.settle()
  assert.equal(back.error(old).code, 'token-revoked')
  for (const peer of [...peers, back]) peer.vanish()
  for (const node of [a, b]) {
    const { holders } = node['node']
    assert.deepEqual([holders['byToken'].size, holders['byHolder'].size], [0, 0])
  }
})

test('a closed server leaves nothing behind, and revoke() refuses what cannot be meant', async () => {
  const { world, a, b } = two()
  await world.connect(token({ user: 'ann', token: { id: 't1' } }))
  await assert.rejects(a.revoke({} as { user: string }), { code: 'bad-request' })
  await assert.rejects(a.revoke({ usr: 'a' } as unknown as { user: string }), /did you mean 'user'\?/)
  await a.revoke({ user: 'ann' })
  await world.settle()
  await Promise.all([a.close(), b.close()])
  assert.equal(world.time.pending, 0)
})

test('what a token is revoked by must be told rightly by onConnect: nobody is let in who could not be sent away', async () => {
  const logged: unknown[] = []
  const world = new World({ allow: 'everyone', log: (_event, { error }) => logged.push(error) })
  reading(world.realtime)
  for (const bad of [{ id: 5 }, { issued: 1_790_000_000 }, { id: 'x'.repeat(300) }, 'x']) {
    assert.deepEqual(await refused(world, { user: 'ann', token: bad as object }), ['unavailable', 4003])
  }
  assert.match(String(logged[1]), /token\.issued must be ms since 1970, not 1790000000: write 1790000000000/)
})
