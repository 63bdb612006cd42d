// Those who misbehave beside others: who does not read, and who floods.

import { buildFrame } from '@tautline/testkit'
import type { Policy } from '@tautline/wire'
import type { Guest } from './beside.ts'

/** Does not read what it subscribed to. */
export function paused(policy: Policy): Guest {
  const name = typeof policy === 'object' ? `{ drop: ${policy.drop} }` : policy
  return {
    name: `a paused socket with the policy ${name}`,
    subs: [
      { ch: 'shared', policy },
      { ch: 'fire:1', policy },
    ],
    firehose: 2_000_000,
    async misbehave(ear) {
      ear.peer.pause()
      return async () => {
        ear.peer.resume()
      }
    },
  }
}

/** Frames that one flood consists of at most: made before anything is measured. */
const FRAMES = 1_500

/** Writes as fast as the server reads, and reads what it is answered, without looking at it. */
function flooding(name: string, frame: (turn: number) => Buffer): Guest {
  let frames: Buffer[] | null = null
  return {
    name,
    subs: [{ ch: 'shared' }],
    firehose: 0,
    async misbehave(ear) {
      frames ??= Array.from({ length: FRAMES }, (_, turn) => frame(turn))
      let running = true
      const flood = async (): Promise<void> => {
        for (const one of frames ?? []) {
          if (!running || ear.peer.ending !== 'open') return
          await ear.peer.write(one)
        }
      }
      const flooded = flood()
      return async () => {
        running = false
        ear.peer.reset()
        await flooded
      }
    },
  }
}

const message = (lines: readonly object[]): Buffer =>
  buildFrame({ opcode: 1, payload: lines.map((line) => JSON.stringify(line)).join('\n'), mask: true })

/** Ids go on increasing from turn to turn: 1,000 per turn. */
const ids = (turn: number, count: number): number[] => Array.from({ length: count }, (_, i) => 1_000 + turn * 1_000 + i)

function loop(id: number, i: number, ch: string): object {
  return i % 2 === 0 ? { id, op: 'subscribe', ch, from: 'head' } : { id, op: 'unsubscribe', ch }
}

const PINGS = Buffer.concat(Array<Buffer>(500).fill(buildFrame({ opcode: 9, payload: 'p'.repeat(100), mask: true })))
const PONGS = message(Array<object>(500).fill({ id: 0, op: 'pong' }))

export const FLOODS: readonly Guest[] = [
  flooding('a flood of commands ping', (turn) => message(ids(turn, 500).map((id) => ({ id, op: 'ping' })))),
  flooding('a flood of WebSocket pings', () => PINGS),
  flooding('a flood of subscribe and unsubscribe of one channel', (turn) =>
    message(ids(turn, 200).map((id, i) => loop(id, i, 'loop:1'))),
  ),
  flooding('a flood of subscribe and unsubscribe of ever new channels', (turn) =>
    message(ids(turn, 200).map((id, i) => loop(id, i, `loop:${turn}:${i >> 1}`))),
  ),
  flooding('a flood of pongs', () => PONGS),
  flooding('a flood of commands that are refused', (turn) =>
    message(ids(turn, 500).map((id) => ({ id, op: 'subscribe', ch: '\r\n', from: 'head' }))),
  ),
]
