import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Idlers } from '../idle/idlers.ts'
import { type Share, shares } from '../idle/snapshot.ts'
import { freePort } from '../processes.ts'

const FEW = 100
const MORE = 300

const REQUEST =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** What each connection to a server of this kind is made of, by name. */
async function madeOf(kind: string): Promise<Map<string, Share>> {
  const folder = mkdtempSync(join(tmpdir(), 'idle-'))
  const port = await freePort()
  const server = await Idlers.start(kind, port)
  const clients: Socket[] = []
  try {
    const snapshot = async (count: number): Promise<string> => {
      while (clients.length < count) {
        const client = connect(port, '127.0.0.1')
        clients.push(client)
        client.write(REQUEST)
        // Either way there is an answer: a 101, or the echo.
        await once(client, 'data')
      }
      return server.snapshot(join(folder, `${count}.heapsnapshot`))
    }
    const all = shares(await snapshot(FEW), await snapshot(FEW + MORE), MORE)
    return new Map(all.filter(({ objects }) => objects > 0.9).map((share) => [share.name, share]))
  } finally {
    for (const client of clients) client.destroy()
    await server.end()
    rmSync(folder, { recursive: true })
  }
}

test('an idle connection is an EngineSocket and a Connection beside its stream, and nothing that could be shared', {
  skip: process.platform !== 'linux',
}, async () => {
  const net = await madeOf('net')
  const engine = await madeOf('engine')
  const own = [...engine.values()].filter(({ name }) => !net.has(name))
  assert.deepEqual(own.map(({ name }) => name).sort(), [
    '(object elements) of Array.elements',
    // Node has a listener of its own for `end`: the second one makes a list of them.
    'Array of Object.end',
    'Connection',
    'EngineSocket',
    // The application's echo.
    'function of EngineSocket.onmessage',
    'system / PropertyArray of Array.properties',
  ])
  for (const { name, objects } of own) assert.ok(objects < 1.1, `${objects} of ${name}`)
  const bytes = (kind: ReadonlyMap<string, Share>): number =>
    [...kind.values()].reduce((all, one) => all + one.bytes, 0)
  // 312 of the two, 116 of the list, 96 of the echo, and a bit.
  const more = bytes(engine) - bytes(net)
  assert.ok(more < 560, `${Math.round(more)} bytes beyond a bare stream`)
})
