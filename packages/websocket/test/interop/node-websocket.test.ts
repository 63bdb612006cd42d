// Node's built-in WebSocket (undici) against our server. It always offers permessage-deflate.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Random } from '@tautline/testkit'
import { echo, portOf, serve } from '../server/open.ts'
import { until } from '../wire.ts'
import { lineFor, lineOf, randomMessages } from './messages.ts'

describe("Node's own WebSocket and our server", () => {
  for (const compression of [false, true, { serverNoContextTakeover: false, clientNoContextTakeover: false }]) {
    it(`exchange the same messages and close cleanly, compression ${JSON.stringify(compression)}`, async () => {
      const heard: string[] = []
      const server = await serve({ port: 0, compression, compressionThreshold: 0, subprotocols: ['b'] }, (socket) => {
        echo(socket)
        socket.onclose = (code, reason, wasClean) => heard.push(`${code} ${reason} ${wasClean}`)
      })
      const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}/`, ['a', 'b'])
      client.binaryType = 'arraybuffer'
      const got: string[] = []
      const closed: string[] = []
      client.onmessage = ({ data }) =>
        got.push(typeof data === 'string' ? lineOf(data, false) : lineOf(new Uint8Array(data as ArrayBuffer), true))
      client.onclose = ({ code, reason, wasClean }) => closed.push(`${code} ${reason} ${wasClean}`)
      await until(() => client.readyState === WebSocket.OPEN, 'open')
      assert.equal(client.protocol, 'b')
      assert.equal(client.extensions.includes('permessage-deflate'), compression !== false)
      const messages = randomMessages(new Random(11), 60)
      for (const message of messages) client.send('text' in message ? message.text : new Uint8Array(message.bytes))
      await until(() => got.length >= messages.length, 'all echoes', 15_000)
      assert.deepEqual(got, messages.map(lineFor))
      client.close(3999, 'thanks')
      await until(() => closed.length > 0 && heard.length > 0, 'closed')
      assert.deepEqual(heard, ['3999 thanks true'])
      assert.deepEqual(closed, ['3999 thanks true'])
    })
  }
})
