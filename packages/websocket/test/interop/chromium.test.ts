// A browser: headless chromium against our server, plain and compressed, pages and WebSockets on one port.

import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { CHROMIUM, CHROMIUM_ARGUMENTS, Random, withoutChromium } from '@tautline/testkit'
import { type Browser, chromium, type Page } from 'playwright-core'
import { echo, later, portOf, serve } from '../server/open.ts'
import { until } from '../wire.ts'
import { randomMessages } from './messages.ts'

/** What runs in the page: sends every message, waits for every echo, closes, and tells. */
const TALK = `async ({ url, protocols, messages, code, reason }) => {
  const socket = new WebSocket(url, protocols)
  socket.binaryType = 'arraybuffer'
  const got = []
  const closed = new Promise((resolve) => { socket.onclose = resolve })
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error('failed to open')) })
  const { protocol, extensions } = socket
  const all = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      got.push(typeof data === 'string' ? { text: data } : { bytes: btoa(Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join('')) })
      if (got.length === messages.length) resolve()
    }
  })
  for (const message of messages) socket.send('text' in message ? message.text : Uint8Array.from(atob(message.bytes), (unit) => unit.charCodeAt(0)))
  await all
  socket.close(code, reason)
  const event = await closed
  return { protocol, extensions, got, closed: [event.code, event.reason, event.wasClean] }
}`

describe('chromium and our server', { skip: withoutChromium }, () => {
  let browser: Browser
  before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
  })
  after(() => browser?.close())

  async function page(port: number): Promise<Page> {
    const context = await browser.newContext()
    later(() => context.close().catch(() => undefined))
    const opened = await context.newPage()
    await opened.goto(`http://127.0.0.1:${port}/`)
    return opened
  }

  function site(): ReturnType<typeof createHttpServer> {
    const http = createHttpServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>interop</title>')
    })
    later(() => http.closeAllConnections())
    return http
  }

  for (const compression of [
    false,
    true,
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  ]) {
    it(`exchange the same messages and close cleanly, compression ${JSON.stringify(compression)}`, async () => {
      const heard: string[] = []
      const server = await serve(
        { port: 0, http: site(), compression, compressionThreshold: 0, subprotocols: ['two'] },
        (socket, { origin }) => {
          heard.push(`${origin}`)
          echo(socket)
          socket.onclose = (code, reason, wasClean) => heard.push(`${code} ${reason} ${wasClean}`)
        },
      )
      const port = portOf(server)
      const messages = randomMessages(new Random(31), 60).map((message) =>
        'text' in message ? message : { bytes: message.bytes.toString('base64') },
      )
      const call = {
        url: `ws://127.0.0.1:${port}/`,
        protocols: ['one', 'two'],
        messages,
        code: 3001,
        reason: 'all said',
      }
      const told = (await (await page(port)).evaluate(`(${TALK})(${JSON.stringify(call)})`)) as {
        protocol: string
        extensions: string
        got: unknown[]
        closed: unknown[]
      }
      assert.equal(told.protocol, 'two')
      assert.equal(told.extensions.includes('permessage-deflate'), compression !== false)
      assert.deepEqual(told.got, messages)
      assert.deepEqual(told.closed, [3001, 'all said', true])
      await until(() => heard.length === 2, 'closed')
      assert.deepEqual(heard, [`http://127.0.0.1:${port}`, '3001 all said true'])
    })
  }

  it('hear our Close with its code and reason, and a violation as 1006', async () => {
    const server = await serve({ port: 0, http: site() }, (socket, { path }) => {
      if (path === '/close') socket.close(4005, 'server says bye')
      else socket.terminate()
    })
    const port = portOf(server)
    const opened = await page(port)
    const closing = (path: string): Promise<unknown> =>
      opened.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket('ws://127.0.0.1:${port}${path}')
        socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean])
      })`)
    assert.deepEqual(await closing('/close'), [4005, 'server says bye', true])
    assert.deepEqual(await closing('/terminate'), [1006, '', false])
  })

  it('are kept out by the origin policy, and see nothing but a failure', async () => {
    const server = await serve({ port: 0, http: site(), origins: ['https://app.example.com'] })
    const port = portOf(server)
    const opened = await page(port)
    const outcome = await opened.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${port}/')
      socket.onopen = () => resolve('open')
      socket.onclose = ({ code }) => resolve(code)
    })`)
    assert.equal(outcome, 1006)
    assert.equal(server.sockets.size, 0)
  })
})
