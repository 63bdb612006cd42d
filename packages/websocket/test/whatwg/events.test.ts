// The order of events and what the object says in each of them, as a table: ours, and Node's own WebSocket where it
// conforms. The rows follow web-platform-tests' websockets/interfaces/WebSocket.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildFrames, closePayload, responseBytes } from '@tautline/testkit'
import { type Server, type Socket, WebSocket } from '@tautline/websocket'
import { answering, serve } from '../client/peers.ts'

/** What both classes have in common. */
type AnyWebSocket = EventTarget & {
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: string | Blob | ArrayBuffer): void
  close(code?: number, reason?: string): void
  binaryType: string
}
type AnyClass = new (url: string, protocols?: string | string[]) => AnyWebSocket

interface Row {
  readonly title: string
  readonly server?: (socket: Socket) => void
  /** Called right after construction. */
  readonly begin?: (socket: AnyWebSocket, log: string[]) => void
  /** Called in the open event. */
  readonly open?: (socket: AnyWebSocket, log: string[]) => void
  readonly message?: (socket: AnyWebSocket, log: string[]) => void
  readonly expected: readonly string[]
  /** Why Node's own class does something else. */
  readonly builtInDiffers?: string // then it is not asked
}

const echo = (socket: Socket): void => {
  socket.onmessage = (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  }
}

const ROWS: readonly Row[] = [
  {
    title: 'close() in open ends cleanly with 1005',
    open: (socket) => socket.close(),
    expected: ['open 1', 'close 3 1005  true'],
  },
  {
    title: 'close(code, reason) comes back',
    open: (socket) => socket.close(3001, 'why'),
    expected: ['open 1', 'close 3 3001 why true'],
  },
  {
    title: 'a reason alone goes with 1000',
    open: (socket) => socket.close(undefined, 'why'),
    expected: ['open 1', 'close 3 1000 why true'],
  },
  {
    title: 'close() while connecting fires error, then close, and neither at once',
    begin: (socket, log) => {
      socket.close()
      log.push(`then ${socket.readyState}`)
      queueMicrotask(() => log.push(`microtask ${socket.readyState}`))
    },
    expected: ['then 2', 'microtask 2', 'error 3', 'close 3 1006  false'],
    builtInDiffers: 'it fires them synchronously',
  },
  {
    title: 'close(code) while connecting still says 1006',
    begin: (socket) => socket.close(3000, 'x'),
    expected: ['error 3', 'close 3 1006  false'],
  },
  {
    title: 'close() twice closes once',
    open: (socket) => {
      socket.close(3000)
      socket.close(3001)
    },
    expected: ['open 1', 'close 3 3000  true'],
  },
  {
    title: "the server's Close is told",
    server: (socket) => socket.close(4000, 'bye'),
    expected: ['open 1', 'close 3 4000 bye true'],
  },
  {
    title: "the server's Close without a code is 1005",
    server: (socket) => socket.close(),
    expected: ['open 1', 'close 3 1005  true'],
  },
  {
    title: 'a server that cuts the connection is an error',
    server: (socket) => {
      socket.onmessage = () => socket.terminate()
    },
    open: (socket) => socket.send('go'),
    expected: ['open 1', 'error 3', 'close 3 1006  false'],
  },
  {
    title: 'a message that is already on its way is dropped behind close()',
    server: (socket) => {
      socket.onmessage = (data) => {
        socket.send(data)
      }
    },
    open: (socket) => {
      socket.send('echo')
      socket.close(1000)
    },
    expected: ['open 1', 'close 3 1000  true'],
  },
  {
    title: 'messages keep their order',
    server: (socket) => {
      for (const text of ['a', 'b', 'c']) socket.send(text)
      socket.close(1000)
    },
    expected: ['open 1', 'message 1 a', 'message 1 b', 'message 1 c', 'close 3 1000  true'],
  },
  {
    title: 'close() in a message drops the next one',
    server: (socket) => {
      for (const text of ['a', 'b']) socket.send(text)
    },
    message: (socket) => socket.close(3000),
    expected: ['open 1', 'message 1 a', 'close 3 3000  true'],
  },
  {
    title: 'what is sent before close() arrives, Blobs too',
    server: (socket) => {
      let all = ''
      socket.onmessage = (data) => {
        all += data.toString()
        if (all === 'onetwothree') socket.close(4001, all)
      }
    },
    open: (socket) => {
      socket.send('one')
      socket.send(new Blob(['two']))
      socket.send('three')
    },
    expected: ['open 1', 'close 3 4001 onetwothree true'],
  },
]

/** Runs a row and returns what was logged. */
async function run(Class: AnyClass, row: Row, url: string): Promise<string[]> {
  const log: string[] = []
  const socket = new Class(url)
  await new Promise<void>((resolve) => {
    socket.addEventListener('open', () => {
      log.push(`open ${socket.readyState}`)
      row.open?.(socket, log)
    })
    socket.addEventListener('message', (event) => {
      log.push(`message ${socket.readyState} ${(event as MessageEvent).data}`)
      row.message?.(socket, log)
    })
    socket.addEventListener('error', () => log.push(`error ${socket.readyState}`))
    socket.addEventListener('close', (event) => {
      const { code, reason, wasClean } = event as CloseEvent
      log.push(`close ${socket.readyState} ${code} ${reason} ${wasClean}`)
      resolve()
    })
    row.begin?.(socket, log)
  })
  // Nothing follows the close event.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  return log
}

for (const row of ROWS) {
  test(row.title, async (t) => {
    const { url } = await serve(t, row.server ?? echo)
    assert.deepEqual(await run(WebSocket as unknown as AnyClass, row, url), row.expected)
  })

  if (row.builtInDiffers !== undefined) continue
  test(`Node's own WebSocket agrees: ${row.title}`, async (t) => {
    const { url } = await serve(t, row.server ?? echo)
    assert.deepEqual(await run(globalThis.WebSocket as unknown as AnyClass, row, url), row.expected)
  })
}

/** Logs the events of a WebSocket until it is closed. */
async function events(socket: WebSocket): Promise<string[]> {
  const row: Row = { title: '', expected: [] }
  return await run(
    function given() {
      return socket
    } as unknown as AnyClass,
    row,
    '',
  )
}

test('a refused handshake is error, then close 1006', async (t) => {
  const server = await answering(t, (key) => responseBytes(key, { line: 'HTTP/1.1 403 Forbidden' }))
  assert.deepEqual(await events(new WebSocket(server.url)), ['error 3', 'close 3 1006  false'])
})

test('a redirect is not followed', async (t) => {
  const server = await answering(t, (key) =>
    responseBytes(key, { line: 'HTTP/1.1 302 Found', fields: [['Location', '/x']] }),
  )
  assert.deepEqual(await events(new WebSocket(server.url)), ['error 3', 'close 3 1006  false'])
  assert.equal(server.heads.length, 1)
})

test('a server that chooses none of the subprotocols fails (WebSockets Standard §2.2)', async (t) => {
  const server = await answering(t, (key) => responseBytes(key))
  assert.deepEqual(await events(new WebSocket(server.url, ['a'])), ['error 3', 'close 3 1006  false'])
})

test('a port that fetch blocks fails without a connection', async () => {
  assert.deepEqual(await events(new WebSocket('ws://127.0.0.1:25/')), ['error 3', 'close 3 1006  false'])
})

test('a broken frame fails the connection: messages before it are told, then error, then close', async (t) => {
  const bytes = buildFrames({ opcode: 1, payload: 'a' }, { opcode: 3 }, { opcode: 1, payload: 'b' })
  const server = await answering(t, (key) => Buffer.concat([responseBytes(key), bytes]))
  const log = await events(new WebSocket(server.url))
  assert.deepEqual(log, ['open 1', 'message 1 a', 'error 3', 'close 3 1006  false'])
})

test('open, messages and Close in one segment come in order, each in a task of its own state', async (t) => {
  const bytes = buildFrames({ opcode: 1, payload: 'a' }, { opcode: 8, payload: closePayload(3000, 'x') })
  const server = await answering(t, (key, _head, socket) => {
    socket.end(Buffer.concat([responseBytes(key), bytes]))
    return null
  })
  assert.deepEqual(await events(new WebSocket(server.url)), ['open 1', 'message 1 a', 'close 3 3000 x true'])
})

test("readyState is CLOSING from the peer's Close frame on", async (t) => {
  const frame = buildFrames({ opcode: 8, payload: closePayload(1000) })
  const server = await answering(t, (key) => Buffer.concat([responseBytes(key), frame]))
  const socket = new WebSocket(server.url)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  while (socket.readyState === 1) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(socket.readyState, 2)
  socket.send('counts only')
  assert.equal(socket.bufferedAmount, 11)
  const closed = new Promise<CloseEvent>((resolve) =>
    socket.addEventListener('close', (event) => resolve(event as CloseEvent)),
  )
  server.sockets[0]?.end()
  assert.equal((await closed).wasClean, true)
})

test('the events are what the standard says: their classes, origin and fields', async (t) => {
  const { url } = await serve(t, echo)
  const socket = new WebSocket(`${url}/path`)
  const seen: Event[] = []
  for (const type of ['open', 'message', 'close']) socket.addEventListener(type, (event) => seen.push(event))
  const failed = new WebSocket('ws://127.0.0.1:1')
  failed.addEventListener('error', (event) => seen.push(event))
  await new Promise((resolve) => failed.addEventListener('close', resolve))
  await new Promise<void>((resolve) => {
    socket.onmessage = (event) => {
      assert.equal(event.data, 'x')
      assert.equal(event.origin, url)
      assert.equal(event.lastEventId, '')
      assert.equal(event.source, null)
      assert.deepEqual(event.ports, [])
      socket.close(1000)
    }
    socket.onclose = () => resolve()
    if (socket.readyState === 1) socket.send('x')
    else socket.onopen = () => socket.send('x')
  })
  for (const event of seen) {
    assert.equal(event.bubbles, false)
    assert.equal(event.cancelable, false)
    assert.equal(event.target, event.type === 'error' ? failed : socket)
  }
  const classes = Object.fromEntries(seen.map((event) => [event.type, event.constructor.name]))
  assert.equal(classes['error'], 'Event')
  assert.equal(classes['close'], 'CloseEvent')
})

test('onFailure hears the reason that the error event does not tell', async (t) => {
  const server = await answering(t, (key) => responseBytes(key, { line: 'HTTP/1.1 404 Not Found' }))
  const reasons: unknown[] = []
  const socket = new WebSocket(server.url, { onFailure: (reason) => reasons.push(reason) })
  await events(socket)
  assert.equal((reasons[0] as { status: number }).status, 404)
})

test('handshakes to one host and port are made one after another (RFC 6455 §4.1)', async (t) => {
  const { server, waiting } = await slow(t)
  const sockets = Array.from({ length: 4 }, () => new WebSocket(server.url))
  const ends = sockets.map((socket) => new Promise((resolve) => socket.addEventListener('open', resolve)))
  const gone = new Promise((resolve) => sockets[2]?.addEventListener('close', resolve))
  for (let i = 0; i < 3; i++) {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(waiting.length, 1)
    assert.equal(server.heads.length, i + 1)
    // One that waits is closed: its turn never comes.
    if (i === 0) sockets[2]?.close()
    waiting.shift()?.()
    await ends[i === 2 ? 3 : i]
  }
  await gone
  assert.equal(server.heads.length, 3)
  for (const socket of sockets) socket.close()
})

test('a failed handshake lets the next one begin', async (t) => {
  let count = 0
  const server = await answering(t, (key) => (count++ === 0 ? 'nonsense\r\n\r\n' : responseBytes(key)))
  const first = events(new WebSocket(server.url))
  const second = new WebSocket(server.url)
  const opened = new Promise((resolve) => second.addEventListener('open', resolve))
  assert.deepEqual(await first, ['error 3', 'close 3 1006  false'])
  await opened
  second.close()
})

/** Handshakes wait until they are let go. */
async function slow(
  t: TestContext,
): Promise<{ server: Awaited<ReturnType<typeof answering>>; waiting: (() => void)[] }> {
  const waiting: (() => void)[] = []
  const server = await answering(t, (key, _head, socket) => {
    waiting.push(() => socket.write(responseBytes(key)))
    return null
  })
  return { server, waiting }
}

export type { Server }
