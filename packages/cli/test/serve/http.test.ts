// The HTTP side of the public port, which gets its connections handed over: bounds on number and time.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { HttpSide } from '../../src/serve/http.ts'
import { Log } from '../../src/serve/log.ts'

const log = new Log({ level: 'silent', format: 'json' })
const servers = new Set<ReturnType<typeof createServer>>()
after(() => {
  for (const server of servers) server.close()
})

async function side(bounds: {
  connections?: number
  request?: number
  answer?: number
}): Promise<{ http: HttpSide; open(): Promise<Socket> }> {
  const http = new HttpSide(log, { connections: 100, request: 60_000, answer: 60_000, ...bounds })
  http.serve({ path: '/realtime', api: null, page: null, monitoring: null, loopbackOnly: false })
  const server = createServer((connection) => http.server.emit('connection', connection))
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    http,
    open: async () => {
      const stream = connect((server.address() as AddressInfo).port, '127.0.0.1')
      stream.on('error', () => {})
      await once(stream, 'connect')
      return stream
    },
  }
}

/** However it ended: with a reset as well. */
function closed(stream: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('close', () => resolve())
  })
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('a request that does not become whole in time is cut, however slowly it goes on', async () => {
  const { open } = await side({ request: 300 })
  for (const first of ['', REQUEST]) {
    const stream = await open()
    stream.resume()
    const since = performance.now()
    stream.write(`${first}GET / HTTP/1.1\r\nX-Slow: `)
    const drip = setInterval(() => stream.write('X'), 50)
    await closed(stream)
    clearInterval(drip)
    assert.ok(performance.now() - since >= 250)
  }
})

test('connections beyond the bound are cut, those within it are answered', async () => {
  const { open } = await side({ connections: 2 })
  const streams = [await open(), await open()]
  const more = await open()
  more.resume()
  await closed(more)
  for (const stream of streams) {
    stream.write(REQUEST)
    const [answer] = await once(stream, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 404 /)
    stream.destroy()
  }
})

test('a stop closes what is idle, and lets a kept connection go with its answer', async () => {
  const { http, open } = await side({})
  const idle = await open()
  idle.resume()
  const used = await open()
  used.write(REQUEST)
  await once(used, 'data')
  http.stop()
  await Promise.all([closed(idle), closed(used)])
  const late = await open()
  late.resume()
  await closed(late)
})
