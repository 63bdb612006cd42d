// The client in Python against the real server: cut at random bytes while it publishes and follows, moved between nodes,
// resumed on a store that forgot and on a log that was trimmed.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { MemoryBroker } from '@tautline/broker'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { type Faults, FaultyProxy, Random } from '@tautline/testkit'
import type { Position, Publication } from '@tautline/wire'
import { exercise, withoutPython } from './python.ts'

const closing: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closing.reverse()) await close()
})

async function start(options: RealtimeOptions): Promise<{ realtime: Realtime; port: number }> {
  const realtime = createRealtime({ allow: 'everyone', ...options })
  closing.push(() => realtime.close())
  return { realtime, port: await realtime.listen({ port: 0, host: '127.0.0.1' }) }
}

async function proxy(options: ConstructorParameters<typeof FaultyProxy>[2]): Promise<string> {
  const faulty = await FaultyProxy.start(options)
  closing.push(() => faulty.close())
  return `ws://127.0.0.1:${faulty.port}/realtime`
}

/** All publications of a channel, page by page. */
async function logOf(realtime: Realtime, channel: string): Promise<Publication[]> {
  const all: Publication[] = []
  let page = await realtime.history(channel, { limit: 500 })
  for (;;) {
    all.unshift(...page.items.filter((item): item is Publication => item.ev === 'pub'))
    if (!page.more) return all
    page = await realtime.history(channel, { limit: 500, before: page.start })
  }
}

describe('the client in Python and a server', { skip: withoutPython }, () => {
  for (const codec of ['json', 'msgpack'] as const) {
    it(`keep every message once and in order over a dozen cuts at random bytes, on two nodes in turn (${codec})`, async () => {
      const random = new Random(codec === 'json' ? 31 : 32)
      const broker = new MemoryBroker()
      const channels = { 'chat:*': { history: { size: 10_000 } } }
      const nodes = [await start({ broker, channels }), await start({ broker, channels })]
      const CUTS = 12
      let connections = 0
      const faults = (least: number): Faults =>
        connections <= CUTS
          ? { after: { bytes: least + random.below(4_000), act: random.below(2) ? 'cut' : 'reset' } }
          : {}
      const url = await proxy({
        // Read once per connection, in this order.
        get port(): number {
          return nodes[connections++ % 2]?.port ?? 0
        },
        get up(): Faults {
          return connections % 3 === 0 ? faults(350) : {}
        },
        get down(): Faults {
          return connections % 3 === 0 ? {} : faults(200)
        },
      })
      const EACH = 150
      const channel = 'chat:42'
      const server = (async () => {
        for (let number = 0; number < EACH; number++) {
          await nodes[number % 2]?.realtime.publish(channel, { from: 'server', number })
          await new Promise((resolve) => setTimeout(resolve, 4))
        }
      })()
      const asked = { url, channel, name: 'python', publish: EACH, pace: 0.004, expect: 2 * EACH, codec, timeout: 12 }
      const outcome = await exercise({ ...asked, from: { last: 500 } })
      await server
      assert.ok(
        outcome.done,
        JSON.stringify({ ...outcome, seen: outcome.seen.length, settled: outcome.settled.length }),
      )
      assert.ok(
        outcome.counts.connected >= CUTS / 2,
        `it was cut often enough: ${outcome.counts.connected} connections`,
      )
      assert.equal(outcome.counts.lost, 0)
      const log = await logOf(nodes[0]?.realtime as Realtime, channel)
      const expected = log.map(({ off, id, data }) => [off, id, data])
      assert.equal(expected.length, 2 * EACH)
      assert.deepEqual(
        outcome.seen.map(({ position, id, data }) => [position?.offset, id, data]),
        expected,
      )
      for (const name of ['python', 'server']) {
        const numbers = log
          .map(({ data }) => data as { from: string; number: number })
          .filter(({ from }) => from === name)
        assert.deepEqual(
          numbers.map(({ number }) => number),
          Array.from({ length: EACH }, (_, number) => number),
        )
      }
      const acknowledged = outcome.settled.map((one) => one?.position)
      const own = outcome.seen.filter(({ own }) => own).map(({ position }) => position)
      assert.deepEqual(acknowledged, own)
    })
  }

  it('say that a store forgot, and go on from there', async () => {
    const channels = { 'chat:*': {} }
    const [first, second] = [await start({ channels }), await start({ channels })]
    const ports = [first.port, second.port]
    const url = await proxy({
      get port(): number {
        return ports[0] ?? 0
      },
    })
    await first.realtime.publish('chat:42', 'before')
    const asked = { url, channel: 'chat:42', name: 'python', publish: 0, expect: 2, from: { last: 1 } }
    const outcome = await exercise(asked, async ({ event, detail }) => {
      if (event === 'state' && detail === 'live' && ports.length === 2) {
        // The next connection is to a server with a store of its own.
        ports.shift()
        await second.realtime.publish('chat:42', 'unseen')
        await first.realtime.close()
      } else if (event === 'lost') await second.realtime.publish('chat:42', 'after')
    })
    assert.deepEqual(
      outcome.seen.map(({ data }) => data),
      ['before', 'after'],
    )
    const lost = outcome.told
      .filter(({ event }) => event === 'lost')
      .map(({ detail }) => (detail as { why: string }).why)
    assert.deepEqual(lost, ['epoch'])
    assert.equal(outcome.state, 'live')
  })

  it('say that a log was trimmed past the position, and never that it is merely far behind', async () => {
    const { realtime, port } = await start({
      channels: { 'short:*': { history: { size: 10 } }, 'long:*': { history: { size: 500 } } },
    })
    const url = `ws://127.0.0.1:${port}/realtime`
    for (const [channel, lost, seen] of [
      ['short:1', 1, 0],
      ['long:1', 0, 200],
    ] as const) {
      const { position } = await realtime.publish(channel, 'first')
      for (let i = 0; i < 200; i++) await realtime.publish(channel, i)
      const asked = { url, channel, name: 'python', publish: 0, expect: seen, from: position as Position }
      const outcome = await exercise(asked)
      assert.ok(outcome.done)
      assert.equal(outcome.counts.lost, lost, channel)
      assert.equal(outcome.seen.length, seen, channel)
      assert.equal(outcome.position?.offset, 201)
    }
  })

  it('compute the same peer, and the echo bears the key', async () => {
    const { realtime, port } = await start({ channels: { '**': { from: 'both' } } })
    const url = `ws://127.0.0.1:${port}/realtime`
    const outcome = await exercise({ url, channel: 'a', name: 'python', publish: 3, expect: 3 })
    assert.ok(outcome.seen.every(({ own }) => own))
    const log = await logOf(realtime, 'a')
    assert.deepEqual(new Set(log.map(({ from }) => from?.peer)), new Set([outcome.peer]))
  })
})
