// The same session with its connection cut behind every byte of either direction, or behind every so many-th.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClientOptions } from '@tautline/client'
import { createRealtime } from '@tautline/server'
import { WebSocket } from '@tautline/websocket'
import type { Codec } from '@tautline/wire'
import { Watch } from '../run/general.ts'
import { type Act, type Cut, cutSession, type Direction, EXPECTED } from './cut-session.ts'
import { CODECS } from './suite.ts'

/** So many cuts at a time. */
const LANES = 8

export interface CutSuite {
  readonly acts: readonly Act[]
  /** Every byte: 1. */
  readonly stride: number
}

export function cutSuite({ acts, stride }: CutSuite): void {
  describe(`a session whose connection ends behind every ${stride === 1 ? '' : `${stride}th `}byte has the same result`, () => {
    for (const codec of CODECS) {
      for (const direction of ['down', 'up'] as const) {
        for (const act of acts) {
          const where = direction === 'down' ? 'from the server to the client' : 'from the client to the server'
          test(`${act}, ${where} (${codec.name})`, async (t) => {
            const watch = new Watch()
            const { cuts, reached } = await sweep(codec, direction, act, stride)
            t.diagnostic(`${cuts} cuts up to byte ${reached}`)
            assert.ok(cuts > 300 / stride, `only ${cuts} cuts`)
            await watch.done()
          })
        }
      }
    }
  })
}

/** Cuts further and further on, until sessions are over before they would be cut. */
async function sweep(
  codec: Codec,
  direction: Direction,
  act: Act,
  stride: number,
): Promise<{ cuts: number; reached: number }> {
  const realtime = createRealtime({ allow: 'everyone', channels: { 'cut:**': { history: { size: 100 } } } })
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  let next = 0
  let cuts = 0
  let uncut = 0
  let reached = 0
  const lane = async (): Promise<void> => {
    // Ids differ in length by a byte or two: a few sessions must come through in a row.
    while (uncut < LANES + 2) {
      const cut: Cut = { direction, bytes: next, act }
      next += stride
      // The platform's WebSocket and the engine's in turn.
      const options: ClientOptions = cuts % 2 === 0 ? { codec } : { codec, WebSocket }
      const { session, connections } = await cutSession(realtime, port, cut, options).catch((error: unknown) => {
        throw new Error(`${direction} ${act} behind byte ${cut.bytes}: ${String(error)}`)
      })
      assert.deepEqual(session, EXPECTED, `${direction} ${act} behind byte ${cut.bytes}`)
      if (connections === 1) uncut++
      else {
        uncut = 0
        cuts++
        reached = Math.max(reached, cut.bytes)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: LANES }, lane))
  } finally {
    await realtime.close()
  }
  return { cuts, reached }
}
