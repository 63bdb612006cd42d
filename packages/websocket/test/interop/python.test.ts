// Python's `websockets` 10.4, both ways, plain and with permessage-deflate.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Random } from '@tautline/testkit'
import { connect, type ServerOptions } from '../../src/mod.ts'
import { echo, later, portOf, serve } from '../server/open.ts'
import { until } from '../wire.ts'
import { lineFor, lineOf, type Message, randomMessages } from './messages.ts'
import { PYTHON, withoutPython } from './tools.ts'

const PEER = fileURLToPath(new URL('peer.py', import.meta.url))

function python(...call: string[]): ChildProcess {
  const child = spawn(PYTHON, [PEER, ...call], { stdio: ['pipe', 'pipe', 'inherit'] })
  later(() => {
    child.kill()
    return child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  })
  return child
}

const written = (message: Message): string =>
  JSON.stringify('text' in message ? message : { bytes: message.bytes.toString('base64') })

const OURS: [string, object | null, ServerOptions['compression']][] = [
  ['plain', null, false],
  ['compressed without context takeover', {}, true],
  ['compressed with context takeover', {}, { serverNoContextTakeover: false, clientNoContextTakeover: false }],
  [
    'compressed with windows of 9 and 10 bits',
    { server_max_window_bits: 9, client_max_window_bits: 10 },
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
  ],
]

describe('a client in Python and our server', { skip: withoutPython }, () => {
  for (const [name, options, compression] of OURS) {
    it(`exchange the same messages, ${name}`, async () => {
      const heard: string[] = []
      const server = await serve({ port: 0, compressionThreshold: 0, compression: compression ?? false }, (socket) => {
        echo(socket)
        socket.onclose = (code, reason, wasClean) => heard.push(`${code} ${reason} ${wasClean}`)
      })
      const messages = randomMessages(new Random(21), 40)
      const child = python('talk', `ws://127.0.0.1:${portOf(server)}/`, JSON.stringify(options))
      child.stdin?.end(messages.map((message) => `${written(message)}\n`).join(''))
      let out = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        out += chunk
      })
      const [code] = await once(child, 'close')
      assert.equal(code, 0)
      const [first, ...lines] = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual(first, { extensions: options === null ? [] : ['permessage-deflate'] })
      assert.deepEqual(lines.pop(), { code: 4321, reason: 'done' })
      assert.deepEqual(
        lines,
        messages.map((message) => JSON.parse(written(message))),
      )
      assert.deepEqual(heard, ['4321 done true'])
    })
  }
})

const THEIRS: [string, object | null][] = [
  ['plain', null],
  ['compressed', {}],
  ['compressed with windows of 9 and 10 bits', { server_max_window_bits: 9, client_max_window_bits: 10 }],
  ['compressed without context takeover', { server_no_context_takeover: true, client_no_context_takeover: true }],
]

describe('our client and a server in Python', { skip: withoutPython }, () => {
  for (const [name, options] of THEIRS) {
    it(`exchange the same messages, ${name}`, async () => {
      const child = python('serve', JSON.stringify(options))
      const [port] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
      const socket = await connect(`ws://127.0.0.1:${Number(port)}/`, { compression: true, compressionThreshold: 0 })
      assert.equal(socket.deflate !== null, options !== null)
      const messages = randomMessages(new Random(22), 40)
      const got: string[] = []
      const closed: unknown[] = []
      socket.onmessage = (data, isBinary) => got.push(lineOf(data, isBinary))
      socket.onclose = (...all) => closed.push(all)
      for (const message of messages) {
        socket.send('text' in message ? message.text : message.bytes)
        if (got.length % 7 === 0) socket.ping('p')
      }
      await until(() => got.length >= messages.length, 'all echoes', 15_000)
      assert.deepEqual(got, messages.map(lineFor))
      socket.close(4321, 'done')
      await until(() => closed.length > 0, 'closed')
      assert.deepEqual(closed, [[4321, 'done', true]])
      child.stdin?.end()
    })
  }
})
