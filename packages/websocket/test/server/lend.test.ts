// Payloads that are given, and payloads that are lent: over real sockets, whose read memory the engine gives back.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COPY_UP_TO } from '@tautline/protocol'
import { connect, prepare, type Server, type Socket } from '../../src/mod.ts'
import { until } from '../wire.ts'
import { certificate, portOf, serve } from './open.ts'

const SIZES = [1, 125, 5000, COPY_UP_TO, COPY_UP_TO + 1, 70_000, 300_000, 1_200_000]

/** A payload that says which it is, everywhere. */
function payload(size: number, turn: number): Buffer {
  return Buffer.alloc(size, String.fromCharCode(97 + (turn % 26)))
}

const pair = certificate()
const skip = typeof pair === 'string' ? pair : false

async function dial(server: Server, cert: Buffer | null = null): Promise<Socket> {
  const options = { textAs: 'bytes', heartbeat: false, ...(cert === null ? {} : { tls: { ca: cert } }) } as const
  return connect(`${cert === null ? 'ws' : 'wss'}://localhost:${portOf(server)}/`, options)
}

/** Sends every size four times and gives back what was echoed. */
async function echoes(server: Server, cert: Buffer | null = null): Promise<Buffer[]> {
  const client = await dial(server, cert)
  const got: Buffer[] = []
  client.onmessage = (data) => {
    got.push(data as Buffer)
  }
  for (let turn = 0; turn < 4; turn++)
    for (const size of SIZES) client.send(payload(size, turn), { binary: turn % 2 === 0 })
  await until(() => got.length === 4 * SIZES.length, 'all echoes')
  client.terminate()
  return got
}

function assertEchoed(got: readonly Buffer[]): void {
  for (const [i, data] of got.entries()) {
    const wanted = payload(SIZES[i % SIZES.length] as number, Math.floor(i / SIZES.length))
    assert.ok(data.equals(wanted), `echo ${i} of ${wanted.length} bytes differs`)
  }
}

describe('a payload that is given', () => {
  it('stays what it was, however much is read and written behind it', async () => {
    const kept: Buffer[] = []
    const server = await serve({ port: 0, textAs: 'bytes' }, (socket) => {
      socket.onmessage = (data, isBinary) => {
        kept.push(data as Buffer)
        socket.send(data, { binary: isBinary })
      }
    })
    assertEchoed(await echoes(server))
    assertEchoed(kept)
  })

  it('stays what it was beside texts that are made strings of', async () => {
    const kept: (string | Buffer)[] = []
    const server = await serve({ port: 0 }, (socket) => {
      socket.onmessage = (data, isBinary) => {
        kept.push(data as string | Buffer)
        socket.send(data, { binary: isBinary })
      }
    })
    assertEchoed(await echoes(server))
    assertEchoed(kept.map((data) => Buffer.from(data)))
  })
})

describe('payloads over TLS, whose streams are read and written otherwise', { skip }, () => {
  for (const lend of [false, true]) {
    it(lend ? 'can be sent back when they are lent' : 'stay what they were when they are given', async () => {
      const { key, cert } = pair as Exclude<typeof pair, string>
      const kept: Buffer[] = []
      const server = await serve({ port: 0, textAs: 'bytes', lend, tls: { key, cert } }, (socket) => {
        socket.onmessage = (data, isBinary) => {
          if (!lend) kept.push(data as Buffer)
          socket.send(data, { binary: isBinary })
        }
      })
      assertEchoed(await echoes(server, cert))
      assertEchoed(kept)
    })
  }
})

describe('a payload that is lent', () => {
  it('can be sent back, and is empty when the callback has returned', async () => {
    const kept: Buffer[] = []
    const server = await serve({ port: 0, textAs: 'bytes', lend: true }, (socket) => {
      socket.onmessage = (data, isBinary) => {
        kept.push(data as Buffer)
        socket.send(data, { binary: isBinary })
      }
    })
    assertEchoed(await echoes(server))
    // Large messages are joined in memory that is the engine's again; no view of it shows what came later.
    assert.ok(kept.some((data) => data.length === 0))
    for (const [i, data] of kept.entries()) {
      if (data.length > 0) assert.ok(data.equals(payload(data.length, Math.floor(i / SIZES.length))))
    }
  })

  it('can be sent to other connections and prepared', async () => {
    const others = new Set<Socket>()
    const server = await serve({ port: 0, textAs: 'bytes', lend: true }, (socket, request) => {
      if (request.path === '/other') others.add(socket)
      socket.onmessage = (data, isBinary) => {
        const message = prepare(data, { binary: isBinary })
        for (const other of others) {
          other.send(data, { binary: isBinary })
          other.send(message)
        }
      }
    })
    const got: Buffer[] = []
    const other = await connect(`ws://127.0.0.1:${portOf(server)}/other`, { textAs: 'bytes', heartbeat: false })
    other.onmessage = (data) => {
      got.push(data as Buffer)
    }
    await until(() => others.size === 1, 'the other')
    const client = await dial(server)
    for (const size of SIZES) client.send(payload(size, 1))
    await until(() => got.length === 2 * SIZES.length, 'all of it')
    assert.ok(got.every((data, i) => data.equals(payload(SIZES[i >> 1] as number, 1))))
    for (const one of [client, other]) one.terminate()
  })

  it('is not taken back while it waits for a peer that does not read', async () => {
    const server = await serve({ port: 0, textAs: 'bytes', lend: true }, (socket) => {
      socket.onmessage = (data, isBinary) => {
        socket.send(data, { binary: isBinary })
      }
    })
    const client = await dial(server)
    const got: Buffer[] = []
    client.onmessage = (data) => {
      got.push(data as Buffer)
    }
    client.pause()
    for (let turn = 0; turn < 24; turn++) client.send(payload(1_000_000, turn))
    await until(() => [...server.sockets].some((socket) => socket.bufferedAmount > 0), 'the server to wait')
    client.resume()
    await until(() => got.length === 24, 'all of it')
    assert.ok(got.every((data, turn) => data.equals(payload(1_000_000, turn))))
    client.terminate()
  })
})
