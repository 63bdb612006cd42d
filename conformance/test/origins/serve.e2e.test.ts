/** `tautline serve` with everything it serves, in chromium: a page of another port that even knows the key of the API. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { lastingPort, withoutChromium } from '@tautline/testkit'
import type { Page } from 'playwright-core'
import { newFolder, start } from '../../../packages/cli/test/command.ts'
import { attack, Browser, startAttacker } from '../../origins/browser.ts'

const KEY = 'S3CRET-key-of-the-api-0123456789abcdef'
const MESSAGE = JSON.stringify({ channel: 'chat:1', data: 'evil was here' })
const READS = [
  'info',
  'channels',
  'connections',
  'history?channel=chat:1',
  'presence?channel=chat:1',
  'openapi.json',
  'docs',
]
const CALLS = ['publish', 'broadcast', 'subscribe', 'unsubscribe', 'disconnect', 'message', 'revoke']
const PATHS = ['/', '/health', '/ready', '/metrics', ...[...READS, ...CALLS].map((name) => `/api/v1/${name}`)]

describe('tautline serve and pages of other origins, in chromium', { skip: withoutChromium }, () => {
  let browser: Browser
  const closing: (() => unknown)[] = []
  before(async () => {
    browser = await Browser.launch()
  })
  after(() => browser?.close())
  afterEach(async () => {
    await browser.leave()
    await Promise.all(closing.splice(0).map((close) => close()))
  })

  async function serve(): Promise<string> {
    const port = await lastingPort()
    const origin = `http://localhost:${port}`
    const config = {
      ...{ port, host: '127.0.0.1', origins: [origin], allow: 'everyone', channels: { 'chat:*': { presence: true } } },
      api: { keys: [{ name: 'admin', secret: KEY, scopes: ['*'] }] },
      monitoring: { public: true },
    }
    const folder = newFolder({ 'tautline.config.json': JSON.stringify(config) })
    const running = start(['serve'], { folder })
    closing.push(async () => {
      running.child.kill()
      await running.ended
      assert.ok(!running.output().includes(KEY))
    })
    await Promise.race([
      running.line('listening'),
      running.ended.then(() => Promise.reject(new Error(running.output()))),
    ])
    return origin
  }

  function askAll(page: Page, origin: string, paths: readonly string[] = PATHS): Promise<Record<string, string>> {
    const given = [origin, paths, KEY, MESSAGE]
    return page.evaluate<Record<string, string>>(`askAll(...${JSON.stringify(given)})`)
  }

  async function call(origin: string, path: string): Promise<unknown> {
    const response = await fetch(origin + path, { headers: { authorization: `Bearer ${KEY}` } })
    assert.equal(response.status, 200)
    return response.json()
  }

  it('read nothing and change nothing', async () => {
    const origin = await serve()
    const attacker = await startAttacker()
    closing.push(attacker.close)
    const page = await browser.lure(`http://localhost:${attacker.port}`)
    assert.deepEqual(await askAll(page, origin), {})
    const { WebSocket } = await attack(page, origin, { only: ['WebSocket'] })
    assert.equal(WebSocket, '')
    const { items } = (await call(origin, '/api/v1/history?channel=chat:1')) as { items: unknown[] }
    assert.deepEqual(items, [])
  })

  it('read nothing and change nothing by a name that means this machine since a moment', async () => {
    const origin = await serve()
    const port = new URL(origin).port
    const page = await browser.lure(`http://rebound.example:${port}`, true)
    const learned = await askAll(
      page,
      `http://rebound.example:${port}`,
      CALLS.map((name) => `/api/v1/${name}`),
    )
    const done = Object.entries(learned).filter(
      ([, text]) => !/"code":"(forbidden|bad-request|unauthorized|unsupported)"/.test(text),
    )
    assert.deepEqual(done, [])
    const { items } = (await call(origin, '/api/v1/history?channel=chat:1')) as { items: unknown[] }
    assert.deepEqual(items, [])
  })

  it('are told from pages of the list, which call it with the key', async () => {
    const origin = await serve()
    const page = await browser.lure(origin, true)
    const learned = await askAll(page, origin, ['/api/v1/publish', '/api/v1/info', '/metrics'])
    assert.match(learned['POST of JSON with the key /api/v1/publish'] ?? '', /"position"/)
    assert.match(learned['GET with the key /api/v1/info'] ?? '', /"node"/)
    assert.match(learned['GET /metrics'] ?? '', /tautline_connections/)
    const { WebSocket } = await attack(page, origin, { only: ['WebSocket'] })
    assert.match(WebSocket ?? '', /"conn"/)
  })
})
