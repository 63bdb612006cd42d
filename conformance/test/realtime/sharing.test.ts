// What goes to all subscribers of a channel is compressed once, with context (the option `compression.shared`): what that
// saves on the wire, and what is never compressed, over real sockets.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { Random } from '@tautline/testkit'
import { type Codec, type Json, jsonCodec, type Publication } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { Speaker } from '../../realtime/speaker.ts'
import { Watch } from '../../run/general.ts'

const SHARED = { shared: true, sharedFrom: 2 } as const
const CHANNELS: NonNullable<RealtimeOptions['channels']> = {
  'ticker:*': { allow: { subscribe: 'everyone', publish: 'nobody' } },
  'rights:*': { allow: { subscribe: 'everyone', publish: 'nobody' }, compress: false },
  'hidden:*': { allow: { subscribe: 'rights', publish: 'everyone' } },
  '**': { allow: 'everyone', presence: true },
}

interface Started {
  readonly realtime: Realtime
  open(codec?: Codec): Promise<Speaker>
}

async function withServer(options: RealtimeOptions, run: (started: Started) => Promise<void>): Promise<void> {
  const watch = new Watch()
  const realtime = createRealtime({ allow: 'everyone', channels: CHANNELS, ...options })
  // Whoever may subscribe to what not everybody may read.
  realtime.onConnect(() => ({ rights: [{ channels: 'hidden:*', actions: ['subscribe'] }] }))
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  const speakers: Speaker[] = []
  try {
    const open = async (codec: Codec = jsonCodec): Promise<Speaker> => {
      const speaker = await Speaker.open({ port, codec, deflate: true })
      speakers.push(speaker)
      await speaker.greet({ client: `client-${speakers.length}` })
      return speaker
    }
    await run({ realtime, open })
    for (const speaker of speakers) assert.deepEqual(speaker.faults, [])
  } finally {
    for (const speaker of speakers) await speaker.peer.destroy()
    await realtime.close()
  }
  await watch.done()
}

async function subscribe(speaker: Speaker, id: number, ch: string): Promise<void> {
  await speaker.say({ id, op: 'subscribe', ch, from: 'head' })
  await speaker.until(() => speaker.replies.has(id))
  assert.ok(speaker.replies.get(id)?.ok !== undefined, `${ch} ${JSON.stringify(speaker.replies.get(id))}`)
}

function heard(speaker: Speaker): Json[] {
  return speaker.pushes.filter((push) => push.ev === 'pub').map((push) => (push as Publication).data as Json)
}

/** Publishes one after another, each in a turn of its own, and waits until they have come. */
async function publish(realtime: Realtime, ch: string, all: readonly Json[], to: readonly Speaker[]): Promise<void> {
  const before = to.map((speaker) => heard(speaker).length)
  for (const data of all) {
    await realtime.publish(ch, data)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const [i, speaker] of to.entries()) {
    const count = (before[i] as number) + all.length
    assert.ok(await speaker.until(() => heard(speaker).length >= count), `${heard(speaker).length} of ${count}`)
    assert.deepEqual(heard(speaker).slice(before[i]), all)
  }
}

const SYMBOLS = ['TAUT', 'ROPE', 'LINE', 'KNOT', 'HTCH', 'BEND', 'LOOP', 'SPLC']
const WORDS =
  `the a of to and in is it you that he was for on are with as his they be at one have this from or had by but
some what there we can out other were all your when up use word how said an each she which do their time if will way about
many then them would write like so these her long make thing see him two has look more day could go come did my sound`.split(
    /\s+/,
  )

/** A quote as exchanges send them. */
function quotes(random: Random, hasRandomIds: boolean): Json[] {
  const prices = SYMBOLS.map(() => random.between(5_000, 50_000))
  return Array.from({ length: 1_500 }, (_, i) => {
    const n = random.below(SYMBOLS.length)
    const price = (prices[n] as number) + random.between(-40, 40)
    prices[n] = price
    return {
      ...(hasRandomIds ? { trade: random.bytes(8).toString('base64url') } : null),
      symbol: SYMBOLS[n] as string,
      price: price / 100,
      bid: (price - 1) / 100,
      ask: (price + 1) / 100,
      volume: random.below(100_000),
      time: 1_790_000_000_000 + i * 37,
    }
  })
}

function words(random: Random): Json[] {
  const text = (): string => Array.from({ length: random.between(3, 18) }, () => random.pick(WORDS)).join(' ')
  return Array.from({ length: 1_500 }, () => ({ author: `user-${random.below(9)}`, text: text() }))
}

/** Bytes that a subscriber's connection is sent, for these publications, by a server with this compression. */
async function bytesOf(
  compression: NonNullable<RealtimeOptions['compression']>,
  codec: Codec,
  all: readonly Json[],
): Promise<number> {
  let bytes = 0
  await withServer({ compression }, async ({ realtime, open }) => {
    const speakers = [await open(codec), await open(codec)] as const
    for (const speaker of speakers) await subscribe(speaker, 2, 'ticker:one')
    const [{ peer }] = speakers
    const before = peer.socket.bytesRead
    await publish(realtime, 'ticker:one', all, speakers)
    bytes = peer.socket.bytesRead - before
    const isShared = compression !== false
    assert.ok(speakers.every(({ compressed }) => (isShared ? compressed === all.length : compressed === 0)))
  })
  return bytes
}

describe('bytes on the wire, of 1,500 publications each sent by itself', () => {
  const cases: [string, Codec, Json[], number][] = [
    ['a ticker', jsonCodec, quotes(new Random(1), false), 0.3],
    ['a chat', jsonCodec, words(new Random(2)), 0.3],
    // An id that nothing tells beforehand is sent as it is: 8 random bytes are 11 letters.
    ['a ticker with random ids of 64 bits', jsonCodec, quotes(new Random(1), true), 0.3],
    ['a ticker in MessagePack', msgpackCodec, quotes(new Random(1), false), 0.3],
  ]
  for (const [what, codec, all, most] of cases) {
    test(`${what}: at most ${most} of what they are uncompressed`, async (t) => {
      const plain = await bytesOf(false, codec, all)
      const shared = await bytesOf(SHARED, codec, all)
      const each = (bytes: number): string => (bytes / all.length).toFixed(1)
      t.diagnostic(`${what}: ${each(shared)} of ${each(plain)} bytes a publication, ${(shared / plain).toFixed(3)}`)
      assert.ok(shared <= most * plain, `${shared} of ${plain}`)
    })
  }
})

describe('a channel’s publications are compressed together', () => {
  const LONG = 'long enough that a message is compressed by itself, too. '.repeat(25)

  test('from so many subscribers on, and no more when half of them have left', () =>
    withServer({ compression: { shared: true, sharedFrom: 4 } }, async ({ realtime, open }) => {
      const all: Speaker[] = []
      for (let i = 0; i < 4; i++) {
        await publish(realtime, 'room:1', [`${i} are there`], all)
        assert.ok(all.every(({ compressed }) => compressed === 0))
        all.push(await open())
        await subscribe(all.at(-1) as Speaker, 2, 'room:1')
      }
      await publish(realtime, 'room:1', ['one', 'two', 'three'], all)
      assert.deepEqual(
        all.map(({ compressed }) => compressed),
        [3, 3, 3, 3],
      )
      for (const speaker of all.splice(1)) {
        await speaker.say({ id: 3, op: 'unsubscribe', ch: 'room:1' })
        await speaker.until(() => speaker.replies.has(3))
      }
      await publish(realtime, 'room:1', ['four', 'five', LONG], all)
      // What is left of compression is that of a long message by itself.
      assert.equal(all[0]?.compressed, 4)
    }))

  test('and whoever leaves, comes back, or hears a pattern and presence as well reads what was said', () =>
    withServer({ compression: { shared: true, sharedFrom: 1 } }, async ({ realtime, open }) => {
      const [stayer, wanderer, watcher] = [await open(), await open(msgpackCodec), await open()]
      await subscribe(stayer, 2, 'room:1')
      await subscribe(watcher, 2, 'room:*')
      await watcher.say({ id: 3, op: 'subscribe', ch: 'room:2', from: 'head', presence: true })
      await watcher.until(() => watcher.replies.has(3))
      for (let i = 0; i < 30; i++) {
        const [come, go] = [100 + 2 * i, 101 + 2 * i]
        await subscribe(wanderer, come, 'room:1')
        await publish(realtime, 'room:1', [`come ${i}`, `come ${i} again`], [stayer, wanderer, watcher])
        await wanderer.say({ id: go, op: 'unsubscribe', ch: 'room:1' })
        await wanderer.until(() => wanderer.replies.has(go))
        await publish(realtime, 'room:1', [`gone ${i}`], [stayer, watcher])
        await publish(realtime, 'room:2', [`aside ${i}`], [watcher])
      }
      assert.equal(stayer.compressed, 90)
      assert.ok(watcher.compressed >= 90 && wanderer.compressed > 0)
    }))

  test('not what its rule keeps out, and not what some may write who may not read', () =>
    withServer({ compression: { shared: true, sharedFrom: 1 } }, async ({ realtime, open }) => {
      const speaker = await open()
      await subscribe(speaker, 2, 'rights:1')
      await publish(realtime, 'rights:1', [LONG, LONG], [speaker])
      assert.equal(speaker.compressed, 0)
      await subscribe(speaker, 3, 'hidden:1')
      await publish(realtime, 'hidden:1', ['short', LONG], [speaker])
      assert.equal(speaker.compressed, 1, 'a long one by itself')
      // Of one turn, and so in one frame.
      await Promise.all([realtime.publish('hidden:1', LONG), realtime.publish('hidden:1', LONG)])
      await speaker.until(() => heard(speaker).length === 6)
      assert.equal(speaker.compressed, 1)
    }))

  test('as the rules are now', () =>
    withServer({ compression: { shared: true, sharedFrom: 1 } }, async ({ realtime, open }) => {
      const speaker = await open()
      await subscribe(speaker, 2, 'room:1')
      await publish(realtime, 'room:1', ['one', 'two'], [speaker])
      realtime.update({ channels: { '**': { allow: 'everyone', compress: false } } })
      await publish(realtime, 'room:1', ['three', LONG], [speaker])
      assert.equal(speaker.compressed, 2)
      realtime.update({ channels: CHANNELS })
      await publish(realtime, 'room:1', ['four', 'five'], [speaker])
      assert.equal(speaker.compressed, 4)
    }))

  test('and is counted', () =>
    withServer({ compression: SHARED }, async ({ realtime, open }) => {
      const all = [await open(), await open()]
      for (const speaker of all) await subscribe(speaker, 2, 'room:1')
      await publish(realtime, 'room:1', ['one', 'two', 'three'], all)
      const counted = realtime.metrics().filter(({ name }) => name.startsWith('tautline_shared_'))
      const [members, units, resets, sent, plain] = counted.map(({ value }) => value)
      assert.deepEqual([members, units, resets], [2, 3, 1])
      assert.ok((sent as number) > 0 && (sent as number) < (plain as number))
    }))
})

test('a connection without permessage-deflate hears the same, uncompressed', () =>
  withServer({ compression: { shared: true, sharedFrom: 1 } }, async ({ realtime, open }) => {
    const compressed = await open()
    const port = compressed.peer.socket.remotePort as number
    const plain = await Speaker.open({ port, codec: jsonCodec })
    await plain.greet()
    for (const speaker of [compressed, plain]) await subscribe(speaker, 2, 'room:1')
    await publish(realtime, 'room:1', ['one', 'two', 'three'], [compressed, plain])
    assert.deepEqual([compressed.compressed, plain.compressed], [3, 0])
    await plain.peer.destroy()
  }))
