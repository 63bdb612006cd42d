/** What a server holds for peers that begin something and do not end it, over real sockets on virtual time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { buildFrame, VirtualClock } from '@tautline/testkit'
import { type Clock, jsonCodec, systemRandom } from '@tautline/wire'
import { Speaker } from '../../realtime/speaker.ts'
import { Watch } from '../../run/general.ts'

/** Timers are the test's; a turn of the loop is a real one. */
class Time implements Clock {
  readonly clock: VirtualClock = new VirtualClock(1_000_000)
  now(): number {
    return this.clock.now()
  }
  wall(): number {
    return 1_790_000_000_000 + this.clock.now()
  }
  setTimer(callback: () => void, ms: number): number {
    return this.clock.setTimeout(callback, ms)
  }
  clearTimer(timer: unknown): void {
    this.clock.clearTimeout(timer as number)
  }
  defer(callback: () => void): void {
    setImmediate(callback)
  }
}

interface Started {
  readonly realtime: Realtime
  readonly time: Time
  open(): Promise<Speaker>
}

/** Runs with a server of its own; afterwards nothing is open, and no timer is set. */
async function withServer(options: RealtimeOptions, run: (started: Started) => Promise<void>): Promise<void> {
  const watch = new Watch()
  const time = new Time()
  const realtime = createRealtime({ allow: 'everyone', clock: time, random: systemRandom, ...options })
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  const speakers: Speaker[] = []
  try {
    const open = async (): Promise<Speaker> => {
      const speaker = await Speaker.open({ port, codec: jsonCodec })
      speakers.push(speaker)
      return speaker
    }
    await run({ realtime, time, open })
  } finally {
    for (const speaker of speakers) await speaker.peer.destroy()
    await realtime.close()
  }
  await time.clock.advanceSettling(60_000)
  assert.equal(time.clock.pending, 0, 'timers are left')
  await watch.done()
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Beginnings of WebSocket messages whose ends never come. */
const UNFINISHED = {
  'a fragment without an end': buildFrame({ opcode: 1, fin: false, payload: 'x'.repeat(60_000), mask: true }),
  'a frame of 1 MB of which 10 bytes are there': buildFrame({
    opcode: 1,
    payload: 'xxxxxxxxxx',
    declared: 1e6,
    mask: true,
  }),
  'half a head': Buffer.from([0x81, 0xff, 0]),
}

describe('what is announced and never sent', () => {
  for (const [what, bytes] of Object.entries(UNFINISHED)) {
    test(`J22 ${what} is given up with the connection: 4001 after every + timeout`, () =>
      withServer({ heartbeat: { every: 5_000, timeout: 5_000 } }, async ({ realtime, time, open }) => {
        const speaker = await open()
        await speaker.greet()
        await speaker.peer.write(bytes)
        await time.clock.advanceSettling(9_000)
        assert.equal(speaker.closeCode, null)
        assert.equal(realtime.stats.connections, 1)
        await time.clock.advanceSettling(3_000)
        await speaker.until(() => speaker.over)
        assert.equal(speaker.closeCode, 4001)
        assert.deepEqual(speaker.faults, [])
        assert.equal(realtime.stats.connections, 0)
      }))

    test(`J22 ${what} before connect is given up after 10 s: 4005`, () =>
      withServer({}, async ({ time, open }) => {
        const speaker = await open()
        await speaker.peer.write(bytes)
        await turns(5)
        await time.clock.advanceSettling(9_900)
        assert.equal(speaker.closeCode, null)
        await time.clock.advanceSettling(200)
        await speaker.until(() => speaker.over)
        assert.equal(speaker.closeCode, 4005)
      }))
  }

  test('J22 bytes that trickle in without ever ending a message are no life sign', () =>
    withServer({ heartbeat: { every: 5_000, timeout: 5_000 } }, async ({ time, open }) => {
      const speaker = await open()
      await speaker.greet()
      await speaker.peer.write(buildFrame({ opcode: 2, payload: '', declared: 100_000, mask: true }))
      for (let second = 0; second < 12 && !speaker.over; second++) {
        await speaker.peer.write(Buffer.alloc(100, 0x78))
        await time.clock.advanceSettling(1_000)
      }
      await speaker.until(() => speaker.over)
      assert.equal(speaker.closeCode, 4001)
    }))
})

describe('what comes behind connect', () => {
  test('waits in the network while a hook decides, and is answered in order then', () => {
    const decided = Promise.withResolvers<void>()
    return withServer({ admission: { messageRate: 1_000_000, byteRate: 100_000_000 } }, async ({ realtime, open }) => {
      realtime.onConnect(async () => {
        await decided.promise
        return { user: 'ann' }
      })
      const speaker = await open()
      const connect = { id: 1, op: 'connect', client: 'c', features: [] }
      const frames = Array.from({ length: 400 }, (_, frame) =>
        jsonCodec.join(
          Array.from({ length: 1_000 }, (_, i) => jsonCodec.encode({ id: 2 + frame * 1_000 + i, op: 'ping' })),
        ),
      )
      const held = process.memoryUsage().heapUsed
      const written = speaker.peer.write(speaker.framed([jsonCodec.encode(connect), ...frames]))
      await turns(200)
      // 10 MB: the kernel takes some, the server one frame, the rest stays with who sent it.
      assert.ok(speaker.peer.socket.writableLength > 1_000_000, `${speaker.peer.socket.writableLength} bytes wait here`)
      assert.ok(process.memoryUsage().heapUsed - held < 60_000_000)
      assert.equal(speaker.replies.size, 0)
      decided.resolve()
      await written
      await speaker.until(() => speaker.over || speaker.replies.size === 400_001, 20_000)
      assert.equal(speaker.replies.size, 400_001)
      assert.deepEqual(speaker.faults, [])
    })
  })

  test('comes to nothing when the hook refuses', () =>
    withServer({}, async ({ realtime, time, open }) => {
      realtime.onConnect(() => new Promise(() => {}))
      const speaker = await open()
      const connect = { id: 1, op: 'connect', client: 'c', features: [] }
      await speaker.say(connect, ...Array.from({ length: 1_000 }, (_, i) => ({ id: i + 2, op: 'ping' })))
      await turns(20)
      await time.clock.advanceSettling(5_100)
      await speaker.until(() => speaker.over)
      assert.equal(speaker.replies.get(1)?.error?.code, 'unavailable')
      assert.equal(speaker.replies.size, 1)
      assert.equal(speaker.closeCode, 4003)
    }))
})

describe('replies that nobody reads', () => {
  test('end the connection with 4002 over 4 MiB, and are let go', () =>
    withServer({}, async ({ realtime, open }) => {
      realtime.rpc('much', () => 'x'.repeat(500_000))
      const speaker = await open()
      await speaker.greet()
      speaker.peer.pause()
      for (let id = 2; id < 62 && realtime.stats.connections === 1; id++) {
        await speaker.say({ id, op: 'rpc', method: 'much', ms: 10_000, data: null })
        await turns(3)
      }
      await turns(20)
      assert.equal(realtime.stats.connections, 0, 'the session is over while its peer still sleeps')
      speaker.peer.resume()
      await speaker.until(() => speaker.over)
      assert.equal(speaker.closeCode, 4002)
      assert.deepEqual(speaker.faults, [])
    }))
})
