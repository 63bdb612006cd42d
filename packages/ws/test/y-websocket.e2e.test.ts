// y-websocket with our class as its WebSocketPolyfill, against a small y-protocols server on our WebSocketServer.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import WebSocket, { WebSocketServer } from '@tautline/ws'

const SYNC = 0

test('two documents become one through y-websocket', async () => {
  const Y = await import('yjs')
  const { WebsocketProvider } = await import('y-websocket')
  const sync = await import('y-protocols/sync')
  const encoding = await import('lib0/encoding')
  const decoding = await import('lib0/decoding')
  const doc = new Y.Doc()
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true })
  const sendTo = (socket: WebSocket, write: (encoder: ReturnType<typeof encoding.createEncoder>) => void): void => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, SYNC)
    write(encoder)
    if (encoding.length(encoder) > 1) socket.send(encoding.toUint8Array(encoder))
  }
  doc.on('update', (update: Uint8Array) => {
    for (const socket of wss.clients) sendTo(socket, (encoder) => sync.writeUpdate(encoder, update))
  })
  wss.on('connection', (socket, request) => {
    assert.equal(request.url, '/room')
    socket.binaryType = 'arraybuffer'
    socket.on('message', (data) => {
      const decoder = decoding.createDecoder(new Uint8Array(data as ArrayBuffer))
      if (decoding.readVarUint(decoder) !== SYNC) return
      sendTo(socket, (encoder) => sync.readSyncMessage(decoder, encoder, doc, socket))
    })
    sendTo(socket, (encoder) => sync.writeSyncStep1(encoder, doc))
  })
  await once(wss, 'listening')
  const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`
  const docs = [new Y.Doc(), new Y.Doc()]
  const providers = docs.map((one) => {
    return new WebsocketProvider(url, 'room', one, { WebSocketPolyfill: WebSocket as never, disableBc: true })
  })
  await Promise.all(
    providers.map(
      (provider) => provider.synced || new Promise<void>((resolve) => provider.once('sync', () => resolve())),
    ),
  )
  const [first, second] = docs as [InstanceType<typeof Y.Doc>, InstanceType<typeof Y.Doc>]
  const arrived = new Promise<void>((resolve) => {
    second.on('update', () => {
      if (second.getText('t').toString() === 'shared text') resolve()
    })
  })
  first.getText('t').insert(0, 'text')
  first.getText('t').insert(0, 'shared ')
  await arrived
  assert.equal(doc.getText('t').toString(), 'shared text')
  for (const provider of providers) provider.destroy()
  for (const one of [...docs, doc]) one.destroy()
  for (const socket of wss.clients) socket.terminate()
  wss.close()
})
