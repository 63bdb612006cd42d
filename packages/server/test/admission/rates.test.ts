import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AdmissionOptions } from '../../src/admission/options.ts'
import type { Realtime } from '../../src/mod.ts'
import type { Peer } from '../peer.ts'
import { World } from '../world.ts'

/** How often a limit held somebody back. */
function limited(realtime: Realtime, limit: string): number {
  const found = realtime
    .metrics()
    .find(({ name, labels }) => name === 'tautline_limited_total' && labels['limit'] === limit)
  return found?.value ?? 0
}

/** Says something so many times a second, in steps of 10 ms, until the connection is over. @returns seconds */
async function insist(world: World, peer: Peer, perSecond: number, seconds: number, say: () => void): Promise<number> {
  let owed = 0
  for (let ms = 0; ms < seconds * 1_000; ms += 10) {
    for (owed += perSecond / 100; owed >= 1; owed--) say()
    await world.time.pass(10)
    if (peer.closedWith !== null) return ms / 1_000
  }
  return Number.POSITIVE_INFINITY
}

function world(admission: AdmissionOptions, limits = {}): World {
  return new World({
    admission,
    limits: { inflight: 100_000, ...limits },
    heartbeat: { every: 600_000, timeout: 600_000 },
  })
}

describe('the message rate of a connection', () => {
  it('refuses commands over it with `rate`, and says when it is worth trying again', async () => {
    const here = world({ messageRate: 10 })
    const peer = await here.connect()
    const ids = Array.from({ length: 25 }, () => peer.say({ op: 'ping' }))
    for (const id of ids.slice(0, 19)) peer.ok(id)
    const refused = peer.error(ids[24] as number) as { code: string; retry: string; after?: number }
    assert.deepEqual([refused.code, refused.retry], ['rate', 'later'])
    assert.ok(refused.after !== undefined && refused.after >= 100, `${refused.after}`)
    assert.equal(limited(here.realtime, 'message rate'), 6)
    await here.pass(refused.after)
    peer.ok(peer.say({ op: 'ping' }))
    await here.realtime.close()
  })

  it('breaks the lane of a publish that it turned away: what comes behind does not overtake it', async () => {
    const here = world({ messageRate: 10 })
    const peer = await here.connect()
    const publish = (n: number): number =>
      peer.say({ op: 'publish', ch: 'a', key: `key-${n}-${'x'.repeat(16)}`, since: here.time.wall(), lane: 0, data: n })
    const ids = Array.from({ length: 21 }, (_, n) => publish(n))
    await here.pass(1_000)
    const late = publish(21)
    await here.settle()
    assert.equal(peer.error(ids[20] as number).code, 'rate')
    assert.equal(peer.error(late).code, 'aborted')
    await here.realtime.close()
  })

  it('lets a client that is half as fast again as it may go on, refused again and again', async () => {
    const here = world({ messageRate: 100 })
    const peer = await here.connect()
    assert.equal(await insist(here, peer, 140, 60, () => peer.say({ op: 'ping' })), Number.POSITIVE_INFINITY)
    assert.ok(limited(here.realtime, 'message rate') > 1_000)
    await here.realtime.close()
  })

  it('closes a client that goes on five times as fast with 1008, whatever it says', async () => {
    for (const command of [{ op: 'ping' }, { op: 'strange' }, { op: 'history', ch: '' }, { op: 'pong', id: 0 }]) {
      const here = world({ messageRate: 100 })
      const peer = await here.connect()
      const after = await insist(here, peer, 500, 60, () => peer.say(command))
      assert.ok(after > 0.4 && after < 3, `${JSON.stringify(command)}: ${after} s`)
      assert.equal(peer.code(), 1008)
      assert.equal(peer.pushes('bye')[0]?.['code'], 1008)
      await here.realtime.close()
      assert.equal(here.time.pending, 0)
    }
  })

  it('L10 closes a loop of subscribe and unsubscribe, 1,000 a second, with 1008 (with the defaults)', async () => {
    const here = new World()
    const peer = await here.connect()
    let turn = 0
    const after = await insist(here, peer, 1_000, 60, () =>
      peer.say(turn++ % 2 === 0 ? { op: 'subscribe', ch: 'a', from: 'head' } : { op: 'unsubscribe', ch: 'a' }),
    )
    assert.equal(peer.code(), 1008)
    assert.ok(after > 1 && after < 6, `${after} s`)
    assert.ok(limited(here.realtime, 'subscription rate') > 1_000)
    await here.realtime.close()
    assert.equal(here.time.pending, 0)
  })

  it('lets a client subscribe to all channels it may have at once', async () => {
    const here = new World({ limits: { inflight: 10_000 } })
    const peer = await here.connect()
    const ids = Array.from({ length: 1_000 }, (_, i) => peer.say({ op: 'subscribe', ch: `c:${i}`, from: 'head' }))
    await here.settle()
    for (const id of ids) peer.ok(id)
    await here.realtime.close()
  })
})

describe('the byte rate of a connection', () => {
  it('stops reading until what came is paid for, and nothing is lost', async () => {
    const here = world({ byteRate: 65_536 })
    const peer = await here.connect()
    const pad = 'x'.repeat(30_000)
    const ids = Array.from({ length: 20 }, (_, n) =>
      peer.say({
        op: 'publish',
        ch: 'a',
        key: `key-${n}-${'x'.repeat(16)}`,
        since: here.time.wall(),
        lane: 0,
        data: pad,
      }),
    )
    await here.settle()
    const answered = (): number => ids.filter((id) => peer.received.some((one) => 'id' in one && one.id === id)).length
    assert.ok(answered() >= 2 && answered() <= 4, `${answered()} of 20 at once`)
    assert.ok(limited(here.realtime, 'byte rate') >= 1)
    await here.pass(4_000)
    assert.ok(answered() >= 10 && answered() <= 14, `${answered()} of 20 after 4 s`)
    await here.pass(6_000)
    for (const id of ids) peer.ok(id)
    await here.realtime.close()
    assert.equal(here.time.pending, 0)
  })

  it('does not take a client that it does not listen to for a silent one', async () => {
    const here = new World({ admission: { byteRate: 65_536 }, heartbeat: { every: 2_000, timeout: 2_000 } })
    const peer = await here.connect()
    peer.sayText(JSON.stringify({ id: 2, op: 'ping', pad: 'x'.repeat(600_000) }))
    await here.pass(8_000)
    assert.equal(peer.closedWith, null)
    await here.pass(8_000)
    assert.equal(peer.code(), 4001)
    await here.realtime.close()
  })

  it('leaves no timer behind when the client goes away meanwhile', async () => {
    const here = world({ byteRate: 65_536 })
    const peer = await here.connect()
    peer.sayText(JSON.stringify({ id: 2, op: 'ping', pad: 'x'.repeat(600_000) }))
    peer.vanish()
    await here.realtime.close()
    assert.equal(here.time.pending, 0)
  })
})

describe('what waits for a connection that does not read', () => {
  it('L05 ends it when the oldest byte is too old, though it answers pings', async () => {
    const here = new World({ admission: { outboxAge: 10_000 } })
    const peer = await here.subscriber('a')
    peer.stall()
    await here.publish('a', 'hello')
    for (let s = 0; s < 9; s++) {
      peer.say({ op: 'pong', id: 0 })
      await here.pass(1_000)
      assert.equal(peer.closedWith, null, `after ${s} s`)
    }
    await here.pass(3_000)
    assert.equal(peer.code(), 4002)
    assert.equal(limited(here.realtime, 'outbox age'), 1)
    await here.realtime.close()
    assert.equal(here.time.pending, 0)
  })

  it('L05 ends it when it is too much', async () => {
    const here = world({ outboxBytes: 524_288 })
    const peer = await here.connect()
    peer.stall()
    for (let n = 0; n < 40 && peer.closedWith === null; n++) {
      await here.realtime.send('nobody', 'x')
      for (const session of here.realtime['node'].allSessions) session.tell({ data: 'x'.repeat(20_000) })
      await here.settle()
    }
    assert.equal(peer.code(), 4002)
    assert.equal(limited(here.realtime, 'outbox bytes'), 1)
    assert.ok(peer.buffered < 700_000, `${peer.buffered}`)
    await here.realtime.close()
  })
})

describe('before a client is let in', () => {
  it('L03 it says who it is in time, or is closed with 4005', async () => {
    const here = new World({ admission: { handshakeTimeout: 3_000 } })
    const peer = here.link()
    await here.pass(2_900)
    assert.equal(peer.closedWith, null)
    await here.pass(200)
    assert.equal(peer.code(), 4005)
    await here.realtime.close()
    assert.equal(here.time.pending, 0)
  })

  it('one connection more than a user may have is refused with `limit` and 4403', async () => {
    const here = new World({ admission: { perUser: 2 } })
    here.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token }))
    const first = await here.connect({ token: 'ann' })
    await here.connect({ token: 'ann' })
    const third = here.link()
    const id = third.say({ op: 'connect', client: 'c3', features: [], token: 'ann' })
    await here.settle()
    assert.deepEqual([third.error(id).code, third.code()], ['limit', 4403])
    await here.connect({ token: 'bob' })
    await here.connect()
    await here.connect()
    await here.connect()
    first.vanish()
    await here.connect({ token: 'ann' })
    assert.equal(limited(here.realtime, 'connections of a user'), 1)
    await here.realtime.close()
  })

  it('who replaces a connection of its own, which lives, is none more (tautline.v1 §6.6)', async () => {
    const here = new World({ admission: { perUser: 1 } })
    here.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token }))
    const first = await here.connect({ token: 'ann' })
    const { ok } = first.received[0] as unknown as { ok: { conn: string; secret: string } }
    const attempt = async (replaces: object, token = 'ann'): Promise<number | null> => {
      const peer = here.link()
      peer.say({ op: 'connect', client: 'c', features: [], token, replaces })
      await here.settle()
      return peer.code()
    }
    assert.equal(await attempt({ conn: ok.conn, secret: 'wrong' }), 4403)
    assert.equal(await attempt({ conn: 'n1~nobody', secret: ok.secret }), 4403)
    assert.equal(await attempt({ conn: ok.conn, secret: ok.secret }), null)
    assert.equal(first.code(), 4402)
    assert.equal(await attempt({ conn: ok.conn, secret: ok.secret }), 4403)
    await here.realtime.close()
  })
})
