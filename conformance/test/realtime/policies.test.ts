/** What each delivery policy makes of a subscriber that does not read for a while (tautline.v1 §8), over real sockets. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRealtime, type Realtime } from '@tautline/server'
import { Random } from '@tautline/testkit'
import {
  type Codec,
  jsonCodec,
  type Policy,
  type Publication,
  type ServerMessage,
  type Subscribed,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { Speaker } from '../../realtime/speaker.ts'
import { Trail } from '../../realtime/trail.ts'
import { Watch } from '../../run/general.ts'

/** More than the kernel takes for a reader that is not there: 24 MB. */
const COUNT = 3_000
const PAD = 8_000
/** Compressing does not make it small: three quarters remain. */
const NOISE = new Random(8).bytes(1_000_000).toString('base64')
const KEYS = 10

interface Seen {
  readonly trail: Trail
  /** The numbers that came, in order. */
  readonly numbers: readonly number[]
  readonly closeCode: number | null
}

for (const compression of [false, { shared: true, sharedFrom: 1 }]) {
  describe(`a subscriber that does not read while 24 MB are published, compression ${JSON.stringify(compression)}`, () => {
    let realtime: Realtime
    let port: number
    let watch: Watch
    before(async () => {
      watch = new Watch()
      realtime = createRealtime({
        allow: 'everyone',
        compression,
        channels: {
          'long:*': { history: { size: 4_000 } },
          'short:*': { history: { size: 50 } },
          'cast:*': { log: false },
        },
      })
      port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    })
    after(async () => {
      await realtime.close()
      await watch.done()
    })

    async function slow(ch: string, policy: Policy | undefined, codec: Codec): Promise<Seen> {
      const numbers: number[] = []
      const trail = new Trail(ch, String(policy), null, [])
      const speaker = await Speaker.open({ port, codec, deflate: true, onMessage: (message) => take(message) })
      const take = (message: ServerMessage): boolean => {
        if (!('ev' in message)) {
          if (message.id !== 2) return false
          const answer = message.ok as Subscribed
          if (answer.start !== null) trail.answered(answer)
          return false
        }
        if (message.ev === 'bye') return false
        if (message.ev === 'pub') numbers.push((message.data as { n: number }).n)
        // Ephemeral channels have no positions to follow.
        if (message.ev !== 'pub' || message.off !== undefined) trail.take(numbered(message))
        return true
      }
      await speaker.greet()
      await speaker.say({ id: 2, op: 'subscribe', ch, from: 'head', ...(policy === undefined ? null : { policy }) })
      await speaker.until(() => speaker.replies.has(2))
      speaker.peer.pause()
      for (let n = 0; n < COUNT; n += 20) {
        const batch = Array.from({ length: 20 }, (_, i) =>
          realtime.publish(ch, { n: n + i, pad: padOf(n + i) }, { state: `k${(n + i) % KEYS}` }),
        )
        await Promise.all(batch)
        // The server's turn: what its subscriber does not take meets the policy.
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      assert.equal(realtime.stats.waitingBytes, 0)
      speaker.peer.resume()
      await speaker.until(() => speaker.over || trail.announced.length > 0 || numbers.at(-1) === COUNT - 1)
      // What is lost is behind the head; what comes after it is not.
      if (trail.announced[0]?.ev === 'lost') await realtime.publish(ch, { n: COUNT - 1, pad: '' })
      const came = await speaker.until(() => speaker.over || numbers.at(-1) === COUNT - 1)
      assert.ok(came, `the last one never came: ${numbers.length} did, up to ${numbers.at(-1)}`)
      assert.deepEqual([...speaker.faults, ...trail.faults], [])
      assert.ok(
        numbers.every((n, i) => i === 0 || n > (numbers[i - 1] as number)),
        'in order, none twice',
      )
      const { closeCode } = speaker
      if (compression !== false && policy !== 'disconnect') assert.ok(speaker.compressed > 0)
      await speaker.peer.destroy()
      return { trail, numbers, closeCode }
    }

    /** The trail needs no more of a publication than its number. */
    function numbered(message: Publication | Exclude<ServerMessage, Publication>): never {
      return ('ev' in message && message.ev === 'pub'
        ? { ...message, data: (message.data as { n: number }).n }
        : message) as unknown as never
    }

    const leftOut = ({ trail }: Seen, why: string): number => {
      let count = 0
      for (const push of trail.announced) {
        assert.equal(push.ev, 'gap')
        if (push.ev !== 'gap') continue
        assert.equal(push.why, why)
        count += push.count
      }
      return count
    }

    for (const codec of [jsonCodec, msgpackCodec]) {
      const unique = codec.name

      test(`lossless: everything comes, in order, read again from the log (${unique})`, async () => {
        const { numbers, trail } = await slow(`long:a-${unique}`, 'lossless', codec)
        assert.equal(numbers.length, COUNT)
        assert.deepEqual(trail.announced, [])
      })

      test(`lossless, where the log is shorter: lost {trimmed} once, and then what comes after it (${unique})`, async () => {
        const { numbers, trail } = await slow(`short:a-${unique}`, 'lossless', codec)
        assert.deepEqual(
          trail.announced.map((push) => (push.ev === 'lost' ? push.lost.why : push.ev)),
          ['trimmed'],
        )
        const whole = numbers.slice(0, -1)
        assert.ok(whole.length < COUNT - 50)
        assert.deepEqual(
          whole,
          whole.map((_, i) => i),
          'what came before has no hole',
        )
      })

      test(`latest: of each state key the newest comes, every run that does not is one gap {conflated} (${unique})`, async () => {
        const seen = await slow(`long:b-${unique}`, 'latest', codec)
        const conflated = leftOut(seen, 'conflated')
        assert.ok(conflated > 100, `${conflated} conflated`)
        assert.equal(seen.numbers.length + conflated, COUNT)
        const newest = Array.from({ length: KEYS }, (_, i) => COUNT - KEYS + i)
        assert.deepEqual(seen.numbers.slice(-KEYS), newest)
      })

      test(`{ drop: 10 }: the oldest go until 10 wait, every run is one gap {dropped} (${unique})`, async () => {
        const seen = await slow(`long:c-${unique}`, { drop: 10 }, codec)
        const dropped = leftOut(seen, 'dropped')
        assert.ok(dropped > 100, `${dropped} dropped`)
        assert.equal(seen.numbers.length + dropped, COUNT)
        assert.deepEqual(
          seen.numbers.slice(-10),
          Array.from({ length: 10 }, (_, i) => COUNT - 10 + i),
        )
      })

      test(`disconnect: bye and 4002 (${unique})`, async () => {
        const { closeCode, numbers } = await slow(`long:d-${unique}`, 'disconnect', codec)
        assert.equal(closeCode, 4002)
        assert.ok(numbers.length < COUNT)
        assert.deepEqual(
          numbers,
          Array.from(numbers, (_, i) => i),
          'what came before has no hole',
        )
      })

      test(`an ephemeral channel keeps the newest 100, and marks nothing (${unique})`, async () => {
        const { numbers, trail } = await slow(`cast:a-${unique}`, undefined, codec)
        assert.ok(numbers.length < COUNT)
        assert.deepEqual(trail.announced, [])
        assert.deepEqual(
          numbers.slice(-100),
          Array.from({ length: 100 }, (_, i) => COUNT - 100 + i),
        )
      })
    }
  })
}

function padOf(n: number): string {
  const at = (n * PAD) % (NOISE.length - PAD)
  return NOISE.slice(at, at + PAD)
}
