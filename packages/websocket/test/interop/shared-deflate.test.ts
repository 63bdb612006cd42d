// Shared takeover, read by peers that know nothing of it: chromium, `ws` and Python's `websockets`, with joins, leaves and
// messages of their own under way. Each must have read exactly what it was sent.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CHROMIUM, CHROMIUM_ARGUMENTS, Random, withoutChromium } from '@tautline/testkit'
import { type Browser, chromium, type Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { type Server, SharedDeflate, type Socket, sharedTally } from '../../src/mod.ts'
import { later, portOf, serve } from '../server/open.ts'
import { until } from '../wire.ts'
import { lineOf } from './messages.ts'
import { PYTHON, withoutPython } from './tools.ts'

const PEER = fileURLToPath(new URL('peer.py', import.meta.url))
const SYMBOLS = ['TAUT', 'ROPE', 'LINE', 'KNOT']

/** Opens a connection; what it had read when it was closed. */
type Listen = (url: string) => Promise<string[]>

interface Told {
  readonly socket: Socket
  readonly lines: string[]
}

/** Two streams, and connections that come and go; returns how far it compressed. */
async function broadcastTo(listen: Listen, http?: ReturnType<typeof createHttpServer>): Promise<number> {
  const told: Map<string, Told> = new Map()
  const compression = { shared: true }
  const options = { port: 0, compression, compressionThreshold: 0, ...(http === undefined ? null : { http }) }
  const server: Server = await serve(options, (socket, { path }) => {
    told.set(path, { socket, lines: [] })
  })
  const tally = sharedTally()
  const random = new Random(77)
  const streams = [new SharedDeflate({ resetAfter: 6_000, tally }), new SharedDeflate({ resetAfter: 2_000, tally })]
  const heard: Map<string, Promise<string[]>> = new Map()
  for (let wave = 0; wave < 6; wave++) {
    for (let i = wave === 0 ? 0 : 2; i < 3; i++) {
      const path = `/${wave}-${i}`
      heard.set(path, listen(`ws://127.0.0.1:${portOf(server)}${path}`))
      await until(() => told.has(path), `${path} is open`, 20_000)
    }
    for (let n = 0; n < 120; n++) {
      speak(random, streams, [...told.values()])
      if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // The oldest one goes.
    const [oldest] = [...told.values()].filter(({ socket }) => socket.state === 'open')
    oldest?.socket.close(1000, 'enough')
  }
  for (const { socket } of told.values()) socket.close(1000, 'enough')
  for (const [path, lines] of heard) assert.deepEqual(await lines, told.get(path)?.lines, path)
  assert.ok(tally.units - tally.resets > tally.units / 2)
  return tally.sentBytes / tally.plainBytes
}

/** One turn of a server that has something to say to many, and now and then to one. */
function speak(random: Random, streams: readonly SharedDeflate[], all: readonly Told[]): void {
  const isBinary = random.below(5) === 0
  const text = JSON.stringify({
    symbol: random.pick(SYMBOLS),
    price: random.below(10_000) / 100,
    at: 1_790_000_000_000 + random.below(100_000),
    note: 'äöü€漢字😀',
  })
  const stream = random.pick(streams)
  const message = stream.prepare(text, { binary: isBinary })
  for (const one of all) {
    if (random.below(60) === 0) continue
    if (one.socket.send(message) !== 'dropped') one.lines.push(lineOf(isBinary ? Buffer.from(text) : text, isBinary))
  }
  const one = random.pick(all)
  const own = `only for you: ${text.repeat(random.below(4))}`
  if (random.below(4) === 0 && one.socket.send(own, { compress: true }) !== 'dropped')
    one.lines.push(lineOf(own, false))
}

describe('shared takeover is read as it was meant', () => {
  it('by ws', async () => {
    const ratio = await broadcastTo(async (url) => {
      const socket = new WebSocket(url)
      const lines: string[] = []
      socket.on('message', (data, isBinary) => lines.push(lineOf(data as Buffer, isBinary)))
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
      assert.deepEqual([code, `${reason}`], [1000, 'enough'])
      return lines
    })
    assert.ok(ratio < 0.6, `${ratio}`)
  })

  it('by websockets of Python', { skip: withoutPython }, async () => {
    await broadcastTo(async (url) => {
      const child = spawn(PYTHON, [PEER, 'listen', url, '{}'], { stdio: ['ignore', 'pipe', 'inherit'] })
      later(() => void child.kill())
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString('latin1')
      })
      await once(child, 'close')
      const lines = out.trim().split('\n')
      assert.deepEqual(JSON.parse(lines.pop() ?? ''), { code: 1000, reason: 'enough' })
      return lines.map((line) => {
        const { text, bytes } = JSON.parse(line) as { text?: string; bytes: string }
        return text === undefined ? lineOf(Buffer.from(bytes, 'base64'), true) : lineOf(text, false)
      })
    })
  })

  describe('by chromium', { skip: withoutChromium }, () => {
    let browser: Browser
    before(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
    })
    after(() => browser?.close())

    it('in one page', async () => {
      const http = createHttpServer((_request, response) => {
        response.setHeader('Content-Type', 'text/html')
        response.end('<!doctype html><title>interop</title>')
      })
      later(() => http.closeAllConnections())
      let page: Page | null = null
      await broadcastTo(async (url) => {
        if (page === null) {
          page = await browser.newPage()
          await page.goto(`${url.replace('ws:', 'http:')}`)
        }
        const told = (await page.evaluate(`(${LISTEN})(${JSON.stringify(url)})`)) as (string | { bytes: string })[]
        return told.map((one) =>
          typeof one === 'string' ? lineOf(one, false) : lineOf(Buffer.from(one.bytes, 'base64'), true),
        )
      }, http)
    })
  })
})

/** What runs in the page: everything it is told, until it is closed. */
const LISTEN = `async (url) => {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const got = []
  socket.onmessage = ({ data }) => {
    got.push(typeof data === 'string' ? data : { bytes: btoa(Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join('')) })
  }
  await new Promise((resolve) => { socket.onclose = resolve })
  return got
}`
