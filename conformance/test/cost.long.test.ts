/**
 * What hostile input costs: CPU per case (20 ms unless the catalogue says otherwise), memory of bombs and floods.
 * Everything runs alone, one case after another, in this process: the figures include the peer.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { buildFrame, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { createServer, type Socket } from '@tautline/websocket'
import { CLIENT_CASES } from '../cases/client.ts'
import { bomb, FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { runClientCase } from '../run/client.ts'
import { leastCpu, probe } from '../run/general.ts'
import { runServerCase, type ServerTarget } from '../run/server.ts'
import { tautlineClient, tautlineServer } from '../run/tautline.ts'
import { WHOLE } from '../run/variants.ts'

const BOUND = 20
/** Cases whose input alone costs this process more than the bound, with what they may cost together. */
const DEARER: Readonly<Record<string, number>> = { F120: 1500, F124: 5000, C050: 200 }

describe('CPU', () => {
  let target: ServerTarget
  before(async () => {
    target = await tautlineServer()
  })
  after(() => target.stop())

  for (const one of [...HANDSHAKE_CASES, ...FRAME_CASES]) {
    const bound = DEARER[one.id] ?? BOUND
    test(`${one.id} ${one.title}: less than ${bound} ms of CPU, and the next connection within 100 ms`, async () => {
      one.input()
      const least = await leastCpu(5, () => runServerCase(target, one, WHOLE))
      assert.ok(least < bound, `${least.toFixed(1)} ms`)
      const times = [await probe(target), await probe(target), await probe(target)]
      assert.ok(Math.min(...times) < 100, `${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    })
  }

  for (const one of CLIENT_CASES) {
    const bound = DEARER[one.id] ?? BOUND
    test(`${one.id} ${one.title}: less than ${bound} ms of CPU`, async () => {
      const least = await leastCpu(5, () => runClientCase(tautlineClient, one, WHOLE))
      assert.ok(least < bound, `${least.toFixed(1)} ms`)
    })
  }
})

/** An open connection to a server that echoes, and the server's socket. */
async function opened(maxPayload: number): Promise<{ peer: RawPeer; socket: Socket; close: () => Promise<void> }> {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ port: 0, host: '127.0.0.1', compression: true, maxPayload }, (socket) =>
    accepted.resolve(socket),
  )
  await server.listening
  const peer = await RawPeer.connect(server.address()?.port ?? 0)
  await peer.write(requestBytes({ fields: [['Sec-WebSocket-Extensions', 'permessage-deflate']] }))
  await peer.until(() => readHead(peer.received) !== null)
  const socket = await accepted.promise
  return {
    peer,
    socket,
    close: async () => {
      await peer.destroy()
      await server.close()
    },
  }
}

describe('memory', () => {
  test('a bomb of 512 MiB holds less than four times maxPayload (RFC 7692 §8)', async () => {
    const maxPayload = 16 << 20
    const { peer, close } = await opened(maxPayload)
    const input = buildFrame({ opcode: 2, rsv: 4, payload: bomb(512), mask: true })
    const before = process.resourceUsage().maxRSS
    await peer.write(input)
    await peer.untilEnd()
    const grown = (process.resourceUsage().maxRSS - before) * 1024
    await close()
    assert.ok(grown < 4 * maxPayload, `${(grown / 2 ** 20).toFixed(0)} MiB`)
  })

  test('a declared length allocates nothing before its bytes arrive (RFC 6455 §10.4)', async () => {
    const { peer, close } = await opened(1 << 30)
    const before = process.memoryUsage()
    await peer.write(buildFrame({ opcode: 2, declared: 1 << 30, payload: 'x', mask: true }))
    await peer.write(Buffer.alloc(1000))
    await probeTurns()
    const after = process.memoryUsage()
    await close()
    assert.ok(after.arrayBuffers - before.arrayBuffers < 4 << 20, `${after.arrayBuffers - before.arrayBuffers} bytes`)
  })

  test('400,000 pings of a peer that never reads leave one pong waiting (RFC 6455 §5.5.3)', async () => {
    const { peer, socket, close } = await opened(1 << 20)
    let pings = 0
    socket.onping = () => pings++
    peer.pause()
    const burst = Buffer.concat(
      Array<Buffer>(4000).fill(buildFrame({ opcode: 9, payload: 'p'.repeat(125), mask: true })),
    )
    let most = 0
    for (let i = 0; i < 100; i++) {
      await peer.write(burst)
      await probeTurns()
      most = Math.max(most, socket.bufferedAmount)
    }
    await peer.until(() => pings === 400_000)
    await close()
    // One batch of replies may be on its way; what must not happen is that it grows with the pings.
    assert.ok(most < 1 << 20, `${most} bytes waiting after ${pings} pings`)
  })
})

async function probeTurns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}
