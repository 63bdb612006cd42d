import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Client, type ClientOptions, type Message, type Subscription, type SubscriptionState } from '@tautline/client'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { RealtimeError } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { startCutter } from './cutter.ts'

const RULES = {
  'chat:*': { history: { size: 2_000, ttl: '5m' }, presence: true },
  'typing:*': { log: false },
  'inbox:*': {},
} as const

interface World {
  readonly realtime: Realtime
  readonly port: number
  client(options?: ClientOptions, port?: number): Client
}

/** A real server on a port of its own, and clients that end with the test. */
async function worldOf(t: { after(end: () => Promise<void>): void }, options: RealtimeOptions): Promise<World> {
  const realtime = createRealtime({ allow: 'everyone', channels: RULES, ...options })
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  const clients: Client[] = []
  t.after(async () => {
    for (const client of clients) client.close()
    await realtime.close()
  })
  return {
    realtime,
    port,
    client: (of = {}, at = port) => {
      const client = new Client(`http://127.0.0.1:${at}/realtime`, { backoff: { min: 20, max: 100 }, ...of })
      clients.push(client)
      return client
    },
  }
}

function until<T>(subscription: Subscription<T>, state: SubscriptionState): Promise<void> {
  return new Promise((resolve) => {
    if (subscription.state === state) return resolve()
    const off = subscription.on('state', (change) => {
      if (change.state !== state) return
      off()
      resolve()
    })
  })
}

/** So many messages. */
function take<T>(subscription: Subscription<T>, count: number): Promise<Message<T>[]> {
  const messages: Message<T>[] = []
  return new Promise((resolve) => {
    const off = subscription.on('message', (message) => {
      messages.push(message)
      if (messages.length < count) return
      off()
      resolve(messages)
    })
  })
}

for (const compression of [false, { shared: true, sharedFrom: 1 }]) {
  describe(`a client and a real server, compression ${JSON.stringify(compression)}`, () => {
    const world = (t: { after(end: () => Promise<void>): void }, options: RealtimeOptions = {}): Promise<World> =>
      worldOf(t, { compression, ...options })

    for (const codec of ['json', 'msgpack'] as const) {
      test(`publish, receive, read back: data and bytes, with the ${codec} codec`, async (t) => {
        const { client } = await world(t)
        const options = codec === 'json' ? {} : { codec: msgpackCodec }
        const ann = client(options)
        const ben = client(options)
        const heard = ben.channel<{ text: string }>('chat:1').subscribe()
        await until(heard, 'live')
        const messages = take(heard, 2)
        const first = await ann.channel<{ text: string }>('chat:1').publish({ text: 'hällo\n☃' }, { state: 's' })
        const second = await ann.channel('chat:1').publish(Uint8Array.of(0, 255, 7))
        const [text, bytes] = await messages
        assert.deepEqual(
          [text?.data, text?.state, text?.position, text?.own],
          [{ text: 'hällo\n☃' }, 's', first.position, false],
        )
        assert.deepEqual(bytes?.bytes, Uint8Array.of(0, 255, 7))
        assert.ok(second.position !== null)
        await heard.reached(second.position)
        const page = await ann.channel<{ text: string }>('chat:1').history()
        assert.deepEqual(
          page.messages.map((message) => [message.id, message.position, message.own]),
          [
            [text?.id, first.position, true],
            [bytes?.id, second.position, true],
          ],
        )
        assert.deepEqual(page.messages[1]?.bytes, Uint8Array.of(0, 255, 7))
      })
    }

    test('whoever comes later gets the last messages first, then what is new', async (t) => {
      const { client, realtime } = await world(t)
      for (let n = 0; n < 10; n++) await realtime.publish('chat:1', n)
      const seen: number[] = []
      for await (const { data } of client().channel<number>('chat:1').subscribe({ last: 3 })) {
        seen.push(data)
        if (data === 9) await realtime.publish('chat:1', 10)
        if (data === 10) break
      }
      assert.deepEqual(seen, [7, 8, 9, 10])
    })

    test('a stored position resumes in another client, and one that is gone is lost with a snapshot', async (t) => {
      const { client, realtime } = await world(t, { channels: { 'chat:*': { history: { size: 5, ttl: '5m' } } } })
      const first = await realtime.publish('chat:1', 0)
      for (let n = 1; n <= 3; n++) await realtime.publish('chat:1', n)
      assert.ok(first.position !== null)
      const resumed = take(client().channel<number>('chat:1').subscribe({ from: first.position }), 3)
      assert.deepEqual(
        (await resumed).map(({ data }) => data),
        [1, 2, 3],
      )
      for (let n = 4; n <= 30; n++) await realtime.publish('chat:1', n)
      const events: unknown[] = []
      const subscription = client()
        .channel<number>('chat:1')
        .subscribe({
          from: first.position,
          onMessage: ({ data }) => events.push(data),
          snapshot: async ({ why }) => {
            events.push(why)
            return (await realtime.history('chat:1', { limit: 2 })).start
          },
        })
      const { position } = await realtime.publish('chat:1', 31)
      assert.ok(position !== null)
      await subscription.reached(position)
      assert.equal(events[0], 'trimmed')
      // The snapshot stands for all but the newest two, whichever those were.
      assert.deepEqual(events.slice(1), events.length === 3 ? [30, 31] : [29, 30, 31])
    })

    test('connections that are cut again and again lose nothing and repeat nothing, either way', async (t) => {
      const { client, port } = await world(t)
      const proxy = await startCutter(port)
      t.after(() => proxy.close())
      const writer = client({}, proxy.port)
      const reader = client({}, proxy.port)
      const heard: number[] = []
      const lost: unknown[] = []
      const subscription = reader.channel<number>('chat:1').subscribe({
        onMessage: ({ data }) => heard.push(data),
        onLost: (of) => lost.push(of),
      })
      await until(subscription, 'live')
      const results = []
      for (let n = 0; n < 400; n++) {
        results.push(writer.channel('chat:1').publish(n))
        if (n % 40 === 39) {
          await Promise.race([results[n], once(AbortSignal.timeout(20), 'abort')])
          proxy.cut()
        }
      }
      const positions = (await Promise.all(results)).map(({ position }) => position)
      const last = positions.at(-1)
      assert.ok(last !== undefined && last !== null)
      await subscription.reached(last)
      assert.deepEqual(
        heard,
        Array.from({ length: 400 }, (_, n) => n),
      )
      assert.deepEqual(
        positions.map((position) => position?.offset),
        Array.from({ length: 400 }, (_, n) => n + 1),
      )
      assert.deepEqual(lost, [])
    })

    test('a thousand channels are resumed in one frame, each where it was', async (t) => {
      const { client, realtime, port } = await world(t)
      const proxy = await startCutter(port)
      t.after(() => proxy.close())
      const reader = client({}, proxy.port)
      const heard = new Map<string, number[]>()
      const subscriptions = Array.from({ length: 1_000 }, (_, n) => {
        const list: number[] = []
        heard.set(`chat:${n}`, list)
        return reader.channel<number>(`chat:${n}`).subscribe(({ data }) => list.push(data))
      })
      await Promise.all(subscriptions.map((subscription) => until(subscription, 'live')))
      const publish = async (value: number) => {
        for (let n = 0; n < 1_000; n += 10) await realtime.publish(`chat:${n}`, value)
      }
      await publish(1)
      proxy.cut()
      await publish(2)
      await Promise.all(
        subscriptions.map(async (subscription, n) => {
          if (n % 10 !== 0) return until(subscription, 'live')
          const { end } = await realtime.history(`chat:${n}`)
          await subscription.reached(end)
        }),
      )
      for (let n = 0; n < 1_000; n++) assert.deepEqual(heard.get(`chat:${n}`), n % 10 === 0 ? [1, 2] : [])
    })

    test('ephemeral channels, direct messages, server-made subscriptions, presence', async (t) => {
      const { client, realtime } = await world(t)
      realtime.onConnect(({ token }) => ({
        user: token ?? 'nobody',
        info: { name: token ?? '' },
        channels: [`inbox:${token}`],
      }))
      const ann = client({ token: () => 'ann' })
      const ben = client({ token: 'ben' })
      const typing = take(ben.channel('typing:1').subscribe(), 1)
      const chat = ben.channel('chat:1').subscribe({ presence: true })
      await until(chat, 'live')
      const arrived = new Promise<void>((resolve) => {
        chat.on('members', ({ members }) => {
          if (members.size === 2) resolve()
        })
      })
      const inbox = new Promise<string>((resolve) => ann.on('subscribed', ({ channel }) => resolve(channel)))
      const direct = new Promise<unknown>((resolve) => ann.on('message', ({ data }) => resolve(data)))
      const other = ann.channel('chat:1').subscribe()
      await until(other, 'live')
      assert.equal(await inbox, 'inbox:ann')
      assert.equal(ann.user, 'ann')
      assert.equal((await ann.channel('typing:1').publish('…')).position, null)
      assert.deepEqual(
        (await typing).map(({ data, position }) => [data, position]),
        [['…', null]],
      )
      await arrived
      assert.deepEqual([...chat.members.values()].map(({ user }) => user).sort(), ['ann', 'ben'])
      assert.equal((await ann.channel('chat:1').presence()).count, 2)
      await realtime.send('ann', { hi: true })
      assert.deepEqual(await direct, { hi: true })
      const left = new Promise<void>((resolve) => {
        chat.on('members', ({ members }) => {
          if (members.size === 1) resolve()
        })
      })
      await other.unsubscribe()
      await left
    })

    test('calls, streams and their cancellation', async (t) => {
      const { client, realtime } = await world(t)
      const stopped = Promise.withResolvers<void>()
      realtime.rpc('add', async (data) => {
        const { a, b } = data as { a: number; b: number }
        return a + b
      })
      realtime.rpc('fail', async () => {
        throw new RealtimeError('forbidden', 'not you')
      })
      realtime.rpc('count', async function* (_data, { signal }) {
        signal.addEventListener('abort', () => stopped.resolve())
        for (let n = 0; ; n++) {
          yield n
          if (n === 100) await once(signal, 'abort')
        }
      })
      const ann = client()
      assert.equal(await ann.call<number>('add', { a: 1, b: 2 }), 3)
      await assert.rejects(ann.call('fail'), { code: 'forbidden', message: 'not you' })
      await assert.rejects(ann.call('nothing'), { code: 'not-found' })
      const seen: number[] = []
      for await (const n of ann.stream<number>('count')) {
        seen.push(n)
        if (n === 20) break
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 21 }, (_, n) => n),
      )
      await stopped.promise
    })

    test('a server that disconnects for good stops the client; a token that is refused too', async (t) => {
      const { client, realtime } = await world(t)
      realtime.onConnect(({ token }) => {
        if (token !== 'good') throw new RealtimeError('unauthorized')
        return { user: 'ann' }
      })
      const ann = client({ token: 'good' })
      await until(ann.channel('chat:1').subscribe(), 'live')
      const stopped = new Promise((resolve) =>
        ann.on('state', ({ state, reason }) => state === 'stopped' && resolve(reason?.code)),
      )
      await realtime.disconnect('ann')
      assert.equal(await stopped, 4401)
      const bad = client({ token: 'bad' })
      const refused = new Promise((resolve) => bad.on('error', resolve))
      bad.connect()
      assert.equal(((await refused) as RealtimeError).code, 'unauthorized')
      assert.equal(bad.state, 'stopped')
    })

    test('a channel nobody may join stops its subscription alone', async (t) => {
      const { client } = await world(t)
      const ann = client()
      const secret = ann.channel('secret').subscribe()
      await until(secret, 'stopped')
      assert.equal((secret.error as RealtimeError).code, 'forbidden')
      await until(ann.channel('chat:1').subscribe(), 'live')
    })

    test('what goes to all is compressed where it is to be', async (t) => {
      const { client, realtime } = await world(t)
      const subscription = client().channel<{ n: number }>('chat:1').subscribe()
      await until(subscription, 'live')
      const came = take(subscription, 3)
      for (const n of [1, 2, 3]) await realtime.publish('chat:1', { n })
      assert.deepEqual(
        (await came).map(({ data }) => data),
        [{ n: 1 }, { n: 2 }, { n: 3 }],
      )
      const { value = 0 } = realtime.metrics().find(({ name }) => name === 'tautline_shared_bytes_total') ?? {}
      assert.equal(value > 0, compression !== false)
    })
  })
}
