// The client in Python against scripts: everything that a server may say, also what a healthy one hardly ever says.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Position } from '@tautline/wire'
import { type Exercise, exercise, type Outcome, runVectors, withoutPython } from './python.ts'
import { type Peer, play } from './scripted.ts'

const at = (epoch: string, offset: number, id: string): Position => ({ epoch, offset, id })
const pub = (off: number, id: string, data: unknown = off): object => ({ ev: 'pub', ch: 'c', off, id, at: 0, data })
const log = (outcome: string, start: Position, head = start, more: object = {}): object => ({
  ch: 'c',
  mode: 'log',
  outcome,
  start,
  head,
  ...more,
})

/** Runs the client against scripts, one per connection. */
async function against(
  options: Partial<Exercise>,
  ...scripts: readonly ((peer: Peer) => Promise<void>)[]
): Promise<Outcome> {
  const server = await play(scripts)
  const running = exercise({ url: server.url, channel: 'c', name: 'python', publish: 0, expect: 0, ...options })
  try {
    await server.played
    return await running
  } finally {
    await running.catch(() => {})
    await server.close()
  }
}

describe('the client in Python', { skip: withoutPython }, () => {
  it('agrees with every vector', async () => {
    const { code, out } = await runVectors()
    assert.match(out, /^\d{3,} passed, 0 failed$/m)
    assert.equal(code, 0)
  })

  it('passes fences, drops what it knows, and ignores what it does not', async () => {
    const outcome = await against({ expect: 4 }, async (peer) => {
      const { resume } = await peer.greet()
      assert.deepEqual(resume, [{ ch: 'c', from: 'head' }])
      const start = at('B.1', 0, '')
      peer.say(
        { ev: 'sub', ...log('fresh', start) },
        { ev: 'news', of: 'a later version' },
        { ev: 'health', ok: false },
      )
      peer.say({ ev: 'fence', ch: 'c', from: start, epoch: 'E1', loss: 'none' }, pub(1, 'W.1'), pub(2, 'W.2'))
      peer.say(pub(1, 'W.1'), pub(2, 'W.2'), { ev: 'fence', ch: 'c', from: start, epoch: 'E1', loss: 'none' })
      peer.say(
        { ev: 'fence', ch: 'c', from: at('E1', 2, 'W.2'), epoch: 'E2', loss: 'possible' },
        pub(3, 'V.1'),
        { ev: 'ping', time: 1 },
        { ev: 'gap', ch: 'c', to: at('E2', 9, 'V.7'), count: 6, why: 'dropped' },
        { ...pub(10, 'V.8'), later: 'fields' },
      )
      await peer.expect('pong')
    })
    assert.ok(outcome.done)
    assert.deepEqual(
      outcome.seen.map(({ data }) => data),
      [1, 2, 3, 10],
    )
    assert.deepEqual(outcome.counts, { connected: 1, repair: 0, gap: 1, fence: 2, lost: 0 })
    assert.deepEqual(outcome.position, at('E2', 10, 'V.8'))
  })

  it('subscribes again from its position when the chain breaks, and applies nothing meanwhile', async () => {
    const outcome = await against({ expect: 4 }, async (peer) => {
      await peer.greet()
      peer.say({ ev: 'sub', ...log('fresh', at('E1', 5, 'W.5')) }, pub(6, 'W.6'), pub(8, 'W.8'), pub(9, 'W.9'))
      const again = await peer.expect('subscribe')
      assert.deepEqual(again['from'], at('E1', 6, 'W.6'))
      peer.say({ id: again.id, ok: log('recovered', at('E1', 6, 'W.6'), at('E1', 9, 'W.9')) })
      peer.say(pub(7, 'W.7'), pub(8, 'W.8'), pub(9, 'W.9'))
    })
    assert.deepEqual(
      outcome.seen.map(({ data }) => data),
      [6, 7, 8, 9],
    )
    assert.equal(outcome.counts.repair, 1)
    assert.equal(outcome.state, 'live')
  })

  it('does not take an old offset with a strange id for a duplicate', async () => {
    const outcome = await against({ expect: 2 }, async (peer) => {
      await peer.greet()
      peer.say({ ev: 'sub', ...log('fresh', at('E1', 5, 'W.5')) }, pub(6, 'W.6'), pub(6, 'V.1'))
      const again = await peer.expect('subscribe')
      const start = at('E2', 6, 'V.1')
      const lost = { why: 'diverged', from: at('E1', 6, 'W.6'), to: start, spread: 0 }
      peer.say({ id: again.id, ok: log('lost', start, start, { lost }) }, pub(7, 'V.2'))
    })
    assert.deepEqual(
      outcome.seen.map(({ position }) => position),
      [at('E1', 6, 'W.6'), at('E2', 7, 'V.2')],
    )
    assert.equal(outcome.counts.lost, 1)
  })

  it('keeps its position when the store is out of reach, and asks again', async () => {
    const unavailable = { code: 'unavailable', message: 'later', retry: 'later', after: 20 }
    const outcome = await against(
      { expect: 2 },
      async (peer) => {
        await peer.greet()
        peer.say({ ev: 'sub', ...log('fresh', at('E1', 5, 'W.5')) }, pub(6, 'W.6'))
        peer.say({ ev: 'bye', code: 4003, reason: 'overloaded' })
        peer.close(4003)
      },
      async (peer) => {
        const { resume } = await peer.greet()
        assert.deepEqual(resume, [{ ch: 'c', from: at('E1', 6, 'W.6') }])
        peer.say({ ev: 'unsub', ch: 'c', error: unavailable })
        const again = await peer.expect('subscribe')
        assert.deepEqual(again['from'], at('E1', 6, 'W.6'))
        peer.say({ id: again.id, error: unavailable })
        const third = await peer.expect('subscribe')
        assert.deepEqual(third['from'], at('E1', 6, 'W.6'))
        peer.say({ id: third.id, ok: log('recovered', at('E1', 6, 'W.6'), at('E1', 7, 'W.7')) }, pub(7, 'W.7'))
      },
    )
    assert.equal(outcome.counts.lost, 0)
    assert.equal(outcome.counts.connected, 2)
    assert.ok(outcome.done)
  })

  it('follows what comes after an announced loss', async () => {
    const outcome = await against({ expect: 2 }, async (peer) => {
      await peer.greet()
      const start = at('E9', 40, 'X.40')
      peer.say({ ev: 'sub', ...log('fresh', at('E1', 5, 'W.5')) }, pub(6, 'W.6'))
      peer.say({ ev: 'lost', ch: 'c', start, lost: { why: 'trimmed', from: at('E1', 6, 'W.6'), to: start, spread: 0 } })
      peer.say(pub(41, 'X.41'))
    })
    assert.deepEqual(outcome.position, at('E9', 41, 'X.41'))
    assert.equal(outcome.counts.lost, 1)
    assert.equal(outcome.state, 'live')
  })

  it('repeats unsettled publishes in order with their keys and since, in a new lane and on a new connection', async () => {
    const first: Record<string, unknown>[] = []
    const outcome = await against(
      { publish: 4 },
      async (peer) => {
        await peer.greet()
        peer.say({ ev: 'sub', ...log('fresh', at('E1', 0, '')) })
        for (let i = 0; i < 4; i++) first.push(await peer.expect('publish'))
        assert.deepEqual(
          first.map(({ lane, data }) => [lane, (data as { number: number }).number]),
          [0, 1, 2, 3].map((number) => [0, number]),
        )
        peer.say({ id: first[0]?.['id'], ok: { position: at('E1', 1, 'W.1') } })
        const failed = { code: 'unknown', message: '', retry: 'unknown', after: 10 }
        const aborted = { code: 'aborted', message: '', retry: 'later' }
        const [second, third, fourth] = first.slice(1).map(({ id }) => id)
        peer.say({ id: second, error: failed }, { id: third, error: aborted }, { id: fourth, error: aborted })
        for (const before of first.slice(1)) {
          const { lane, key, since, data } = await peer.expect('publish')
          assert.deepEqual({ lane, key, since, data }, { ...same(before), lane: 1 })
        }
        peer.cut()
      },
      async (peer) => {
        await peer.greet({ time: 1_763_719_900_000 })
        const ids: number[] = []
        for (const before of first.slice(1)) {
          const { id, lane, key, since, data } = await peer.expect('publish')
          assert.deepEqual({ lane, key, since, data }, { ...same(before), lane: 0 })
          ids.push(id)
        }
        const conflict = { code: 'key-conflict', message: '', retry: 'no' }
        const expired = { code: 'key-expired', message: '', retry: 'no' }
        peer.say(
          { id: ids[0], ok: { position: at('E1', 2, 'W.2'), duplicate: true } },
          { id: ids[1], error: conflict },
          { id: ids[2], error: expired },
        )
        peer.say({ ev: 'sub', ...log('recovered', at('E1', 0, '')) })
      },
    )
    assert.deepEqual(
      outcome.settled.map((one) => one?.outcome),
      ['ok', 'ok', 'refused', 'unknown'],
    )
    assert.equal(outcome.settled[1]?.duplicate, true)
  })

  for (const [code, comes] of [
    [4001, 'comes back'],
    [4101, 'comes back'],
    [1012, 'comes back'],
    [4300, 'stays away'],
    [4401, 'stays away'],
    [1008, 'stays away'],
  ] as const) {
    it(`${comes} after ${code}`, async () => {
      const end = async (peer: Peer): Promise<void> => {
        await peer.greet()
        peer.close(code)
      }
      const again = async (peer: Peer): Promise<void> => {
        await peer.greet()
        peer.say({ ev: 'sub', ...log('fresh', at('E1', 0, '')) })
      }
      const outcome = await against({}, ...(comes === 'comes back' ? [end, again] : [end]))
      assert.equal(outcome.stopped, comes === 'comes back' ? null : code)
      assert.equal(outcome.counts.connected, comes === 'comes back' ? 2 : 1)
    })
  }
})

function same({ key, since, data }: Readonly<Record<string, unknown>>): object {
  return { key, since, data }
}
