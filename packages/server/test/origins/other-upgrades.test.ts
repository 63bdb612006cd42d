import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { createRealtime } from '../../src/mod.ts'

test('upgrades to other paths stay those of who listens for them, and are answered 404 where nobody does', async () => {
  const realtime = createRealtime({ allow: 'everyone' })
  const http = createServer((_, response) => response.writeHead(418).end('mine'))
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  assert.equal(await status(port, '/other'), 404)
  assert.equal(await status(port, '/realtime'), 101)
  const mine = (request: IncomingMessage, stream: Duplex): void => {
    if (request.url === '/other') stream.end('HTTP/1.1 299 Mine\r\nConnection: close\r\n\r\n')
  }
  http.on('upgrade', mine)
  assert.equal(await status(port, '/other'), 299)
  assert.equal(await status(port, '/realtime'), 101)
  http.off('upgrade', mine)
  assert.equal((await fetch(`http://127.0.0.1:${port}/realtime`)).status, 418)
  await realtime.close()
  http.close()
  http.closeAllConnections()
})

async function status(port: number, target: string): Promise<number> {
  const peer = await RawPeer.connect(port)
  await peer.write(requestBytes({ target }))
  await peer.until(() => readHead(peer.received) !== null)
  const head = readHead(peer.received)
  await peer.destroy()
  return Number(head?.line.split(' ')[1])
}
