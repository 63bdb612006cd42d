// A server whose connections do nothing: node --expose-gc server.ts KIND PORT. Told `measure` on its standard input it
// collects garbage and says what it holds; told `snapshot FILE` it writes a heap snapshot.

import { createReadStream, writeSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as after } from 'node:timers/promises'
import { getHeapSpaceStatistics, writeHeapSnapshot } from 'node:v8'
import { createRealtime } from '@tautline/server'
import { createServer, type Socket } from '@tautline/websocket'
import { WebSocketServer as FaceServer } from '@tautline/ws'
import { WebSocketServer } from 'ws'

/** What a server holds after its garbage was collected, in bytes. */
export interface Held {
  readonly rss: number
  /** Objects in V8's heap. */
  readonly live: number
  /** V8's heap as it is resident: with what lies between the objects, and with the space for new ones. */
  readonly heap: number
}

const [, , kind = '', portText = ''] = process.argv
const port = Number(portText)
const host = '127.0.0.1'
const MANY = 1_000_000

/** Each with the callback that its users write: an echo. The realtime server has one subscription for each instead. */
const KINDS: Readonly<Record<string, () => void | Promise<void>>> = {
  net: () =>
    listening(
      createNetServer({ noDelay: true }, (socket) => {
        socket.on('error', () => socket.destroy())
        socket.on('data', (chunk) => socket.write(chunk))
      }),
    ),
  ws: () => {
    new WebSocketServer({ port, host }).on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
    })
  },
  face: () => {
    new FaceServer({ port, host }).on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
    })
  },
  engine: () => createServer({ port, host }, echo).listening,
  'engine without heartbeat': () => createServer({ port, host, heartbeat: false }, echo).listening,
  'engine on node:http': () => {
    const server = createHttpServer()
    createServer({ server }, echo)
    return listening(server)
  },
  realtime: async () => {
    const admission = { connections: MANY, perAddress: MANY, acceptRate: MANY, addressRate: MANY, lag: 60_000 }
    const channels = { bench: { history: { size: 100, ttl: '1m' as const } } }
    await createRealtime({ allow: 'everyone', channels, admission }).listen({ port, host })
  },
}

function echo(socket: Socket): void {
  socket.onmessage = (data, binary) => {
    socket.send(data, { binary })
  }
}

function listening(server: { listen(port: number, host: string, then: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => server.listen(port, host, resolve))
}

/**
 * As V8 does when memory is short: what only speeds things up is dropped too, and the space for new objects, which grew
 * while the connections came, is given back. An ordinary collection leaves it, or not, by how busy the last seconds were.
 */
async function collect(): Promise<void> {
  const { gc } = globalThis as { gc?: (options: object) => void }
  for (let i = 0; i < 3; i++) {
    gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await after(200)
  }
}

async function measure(): Promise<Held> {
  await collect()
  const spaces = getHeapSpaceStatistics()
  const sum = (of: 'space_used_size' | 'physical_space_size'): number => spaces.reduce((all, one) => all + one[of], 0)
  return { rss: process.memoryUsage.rss(), live: sum('space_used_size'), heap: sum('physical_space_size') }
}

// process.stdin and process.stdout would be sockets here, with fields that all others get room for too: 40 bytes for each.
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

if (import.meta.main) {
  await KINDS[kind]?.()
  say('ready')
  for await (const line of createInterface({ input: createReadStream('', { fd: 0 }) })) {
    const [order, file = ''] = line.split(' ')
    if (order === 'measure') say(JSON.stringify(await measure()))
    else {
      await collect()
      say(writeHeapSnapshot(file))
    }
  }
}
