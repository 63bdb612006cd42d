import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame } from '@tautline/testkit'
import { open, portOf, serve } from './open.ts'

/** Frames of a message that is not ended yet: half a frame, a first fragment, a header cut in two. */
const BEGUN: readonly Buffer[] = [
  buildFrame({ opcode: 1, payload: 'hello', mask: true }).subarray(0, 8),
  buildFrame({ opcode: 1, payload: 'hello', mask: true, fin: false }),
  buildFrame({ opcode: 2, payload: Buffer.alloc(300), mask: true }).subarray(0, 3),
  Buffer.concat([
    buildFrame({ opcode: 1, payload: 'whole', mask: true }),
    buildFrame({ opcode: 1, payload: 'next', mask: true }).subarray(0, 7),
  ]),
]

describe('the option messageTimeout', () => {
  for (const heartbeat of [false, { interval: 100, timeout: 10_000 }] as const) {
    it(`L08 cuts who does not end a message, pings or not (${heartbeat === false ? 'without' : 'beside'} a heartbeat)`, async () => {
      const errors: string[] = []
      const server = await serve({ port: 0, messageTimeout: 200, heartbeat }, (socket) => {
        socket.onerror = (error) => errors.push((error as { code?: string }).code ?? error.message)
      })
      const cut = BEGUN.map(async (begun) => {
        const raw = await open(portOf(server))
        const began = performance.now()
        await raw.peer.write(begun)
        if (begun === BEGUN[1]) await raw.send({ opcode: 9, payload: 'still here' })
        assert.ok(await raw.peer.until(() => raw.peer.ending !== 'open', 3_000))
        const ms = performance.now() - began
        assert.ok(ms >= 195 && ms < 1_500, `after ${ms} ms`)
      })
      await Promise.all(cut)
      assert.deepEqual(errors, Array(4).fill('TAUTLINE_MESSAGE_TIMEOUT'))
    })
  }

  it('leaves alone who sends much and ends each message, and who is silent between messages', async () => {
    const server = await serve({ port: 0, messageTimeout: 300, heartbeat: false })
    const raw = await open(portOf(server))
    const frames = buildFrame({ opcode: 1, payload: 'x'.repeat(200), mask: true })
    // For most of the time inside some message, and never for long inside one.
    await raw.peer.write(frames.subarray(0, 5))
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60))
      await raw.peer.write(Buffer.concat([frames.subarray(5), frames.subarray(0, 5)]))
    }
    await raw.peer.write(frames.subarray(5))
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(raw.peer.ending, 'open')
  })

  it('does not count the time for which the application reads nothing', async () => {
    const server = await serve({ port: 0, messageTimeout: 150, heartbeat: false }, (socket) => {
      socket.onmessage = () => {
        socket.pause()
        setTimeout(() => socket.resume(), 600)
      }
    })
    const raw = await open(portOf(server))
    const frame = buildFrame({ opcode: 1, payload: 'hello', mask: true })
    await raw.peer.write(Buffer.concat([frame, frame.subarray(0, 7)]))
    await new Promise((resolve) => setTimeout(resolve, 450))
    assert.equal(raw.peer.ending, 'open')
    assert.ok(await raw.peer.until(() => raw.peer.ending !== 'open', 3_000))
  })
})
