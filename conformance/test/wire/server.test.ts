// commands.json and the examples of the published protocol against the real server and the real readers.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { createRealtime, type Realtime } from '@tautline/server'
import { connect } from '@tautline/websocket'
import {
  frameLimits,
  jsonCodec,
  LIMITS,
  readCommand,
  readOk,
  readServerMessage,
  SERVER_FRAME_LIMITS,
} from '@tautline/wire'
import { type CommandCase, frameOf, vectors } from './vectors.ts'

interface Answer {
  readonly reply?: { ok?: unknown; error?: { code: string; field?: string } }
  readonly close?: number
}

/** Codes that speak of a command's shape: `accepted` means none of these. */
const SHAPE = ['bad-request', 'bad-data', 'too-large']

describe('a server judges commands as commands.json says', () => {
  let realtime: Realtime
  let url: string
  before(async () => {
    realtime = createRealtime({ allow: 'everyone', channels: { '**': { presence: true } } })
    url = `ws://127.0.0.1:${await realtime.listen({ port: 0, host: '127.0.0.1' })}/realtime`
  })
  after(() => realtime.close())

  /** Sends a frame behind a `connect`, and gives what it was answered with. */
  async function ask(frame: string | Uint8Array, number: number): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const socket = await connect(url, { subprotocols: ['tautline.v1.json'] })
    socket.onmessage = (data) => {
      for (const { value } of jsonCodec.decode(String(data), SERVER_FRAME_LIMITS)) {
        const message = value as { id?: number } & NonNullable<Answer['reply']>
        if (message.id === 1) {
          socket.send(frame)
          // A pong has no reply: a ping behind it shows that it was taken.
          if (number === 0) socket.send('{"id":8,"op":"ping"}')
        } else if (message.id === (number || 8)) resolve({ reply: message })
      }
    }
    socket.onclose = (close) => resolve({ close })
    socket.send('{"id":1,"op":"connect","client":"q83vEjRWeJCrze8SNFZ4kA","features":[]}')
    const answer = await promise
    socket.terminate()
    return answer
  }

  const numberOf = (one: CommandCase): number => (one.command as { id?: number } | undefined)?.id ?? 7

  for (const one of vectors('commands.json').cases) {
    it(`${one.id} ${one.title}: ${one.close ?? one.code ?? one.result}`, async () => {
      const frame = one.command === undefined ? frameOf(one) : JSON.stringify(one.command)
      const { reply, close } = await ask(frame, numberOf(one))
      if (one.result === 'close') return assert.equal(close, one.close)
      assert.equal(close, undefined)
      if (one.result === 'accepted') return assert.ok(!SHAPE.includes(reply?.error?.code ?? ''), JSON.stringify(reply))
      assert.equal(reply?.error?.code, one.code)
      if (one.field !== undefined) assert.equal(reply?.error?.field, one.field)
    })
  }

  it('a second connect is refused, an id that does not increase and a first command that is no connect end it with 4300', async () => {
    const again = '{"id":7,"op":"connect","client":"q83vEjRWeJCrze8SNFZ4kA","features":[]}'
    assert.equal((await ask(again, 7)).reply?.error?.code, 'bad-request')
    assert.equal((await ask('{"id":1,"op":"ping"}', 99)).close, 4300)
    assert.equal((await ask('{"id":9,"op":"ping"}\n{"id":8,"op":"ping"}', 99)).close, 4300)
    const socket = await connect(url, { subprotocols: ['tautline.v1.json'] })
    const closed = new Promise((resolve) => {
      socket.onclose = resolve
    })
    socket.send('{"id":1,"op":"ping"}')
    assert.equal(await closed, 4300)
  })
})

describe('a server that is asked again', () => {
  it('replaces the attachment: a client repairs a broken chain by subscribing from its position (§4.3, §5.1)', async () => {
    const realtime = createRealtime({ allow: 'everyone', channels: { '**': {} } })
    const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    const { position } = await realtime.publish('a', 'one')
    await realtime.publish('a', 'two')
    const socket = await connect(`ws://127.0.0.1:${port}/realtime`, { subprotocols: ['tautline.v1.json'] })
    const heard: { id?: number; ev?: string; ok?: object; data?: unknown }[] = []
    const { promise: done, resolve } = Promise.withResolvers<void>()
    socket.onmessage = (data) => {
      heard.push(
        ...String(data)
          .split('\n')
          .map((line) => JSON.parse(line)),
      )
      if (heard.some(({ id }) => id === 4)) resolve()
    }
    const sub = { op: 'subscribe', ch: 'a', from: position }
    socket.send('{"id":1,"op":"connect","client":"q83vEjRWeJCrze8SNFZ4kA","features":[]}')
    socket.send(JSON.stringify({ id: 2, ...sub }))
    socket.send(JSON.stringify({ id: 3, ...sub }))
    socket.send('{"id":4,"op":"history","ch":"a","limit":1}')
    await done
    socket.terminate()
    await realtime.close()
    const answers = heard.filter(({ id }) => id === 2 || id === 3)
    assert.deepEqual(
      answers.map(({ ok }) => (ok as { outcome?: string } | undefined)?.outcome),
      ['recovered', 'recovered'],
      JSON.stringify(answers),
    )
    assert.deepEqual(
      heard.filter(({ ev }) => ev === 'pub').map(({ data }) => data),
      ['two', 'two'],
    )
  })
})

describe('the examples of the published protocol', () => {
  const text = readFileSync(new URL('../../../docs/protocol/tautline-v1.md', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => /^([<>] )?\{"/.test(line))

  it('are what the readers of @tautline/wire read, without a field that they leave behind', () => {
    const ops = new Map<number, string>()
    assert.ok(lines.length > 20)
    for (const line of lines) {
      const json = line.replace(/^[<>] /, '')
      const limits = line.startsWith('<') ? SERVER_FRAME_LIMITS : frameLimits(LIMITS)
      const [decoded] = jsonCodec.decode(json.replaceAll('…', ''), limits)
      assert.ok(decoded !== undefined)
      const value = decoded.value as { id: number; op?: string; ok?: object }
      if (value.op !== undefined) {
        const { command } = readCommand(decoded, LIMITS)
        assert.deepEqual({ ...command }, value, line)
        ops.set(value.id, value.op)
      } else if (value.ok !== undefined) {
        assert.deepEqual({ ...readOk(ops.get(value.id) as 'connect', value.ok) }, value.ok, line)
      } else assert.deepEqual({ ...readServerMessage(decoded) }, value, line)
    }
  })
})
