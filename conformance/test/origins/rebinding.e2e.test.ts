/** DNS rebinding, in chromium: a page whose host name means, since a moment, our machine. It needs no cookie and no CORS. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { withoutChromium } from '@tautline/testkit'
import { attack, Browser } from '../../origins/browser.ts'

const WAYS = ['listen', 'attach'] as const
const ONLY = ['WebSocket', 'WebSocket without a subprotocol', 'WebSocket of a worker', 'WebSocket of a sandboxed frame']
const SECRET = 'S3CRET of this machine'

describe('a server of this machine without a list of origins, in chromium', { skip: withoutChromium }, () => {
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

  async function serve(
    way: (typeof WAYS)[number],
    options: RealtimeOptions = {},
  ): Promise<[number, Realtime, string[]]> {
    const refused: string[] = []
    const log = (event: string, { origin }: Readonly<Record<string, unknown>>): void => {
      if (event === 'origin refused') refused.push(String(origin))
    }
    const realtime = createRealtime({ allow: 'everyone', log, ...options })
    closing.push(() => realtime.close())
    await realtime.publish('inbox:ann', SECRET)
    if (way === 'listen') return [await realtime.listen({ port: 0, host: '127.0.0.1' }), realtime, refused]
    const http = createServer((_, response) => void response.end())
    closing.push(() => http.close())
    realtime.attach(http)
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return [(http.address() as AddressInfo).port, realtime, refused]
  }

  for (const way of WAYS) {
    it(`refuses a page whose name is Host (${way})`, async () => {
      for (const name of ['rebound.example', '127.0.0.1.example']) {
        const [port, realtime, refused] = await serve(way)
        const here = `http://${name}:${port}`
        const page = await browser.lure(here, true)
        for (const [how, learned] of Object.entries(await attack(page, here, { only: ONLY })))
          assert.equal(learned, '', how)
        assert.deepEqual(refused, [here, here, here, 'null'])
        assert.equal(realtime.stats.connections, 0)
        await page.close()
      }
    })

    it(`refuses a page on another port of this machine (${way})`, async () => {
      const [port] = await serve(way)
      const [other] = await serve(way)
      const page = await browser.lure(`http://localhost:${other}`, true)
      const learned = await attack(page, `http://localhost:${port}`, { only: ONLY })
      for (const [how, what] of Object.entries(learned)) assert.equal(what, '', how)
    })

    it(`lets in its own pages, by the names that only this machine gives itself (${way})`, async () => {
      const [port] = await serve(way)
      for (const name of ['localhost', 'app.localhost', '127.0.0.1']) {
        const here = `http://${name}:${port}`
        const page = await browser.lure(here, true)
        const { WebSocket } = await attack(page, here, { only: ['WebSocket'] })
        assert.match(WebSocket ?? '', new RegExp(SECRET), name)
        await page.close()
      }
    })

    it(`would be open to such a page if a name were trusted because it is Host (${way})`, async () => {
      const asHost: RealtimeOptions['origins'] = (origin, { headers }) =>
        origin === undefined || URL.parse(origin)?.host === headers.get('host')
      const [port] = await serve(way, { origins: asHost })
      const here = `http://rebound.example:${port}`
      const page = await browser.lure(here, true)
      const { WebSocket } = await attack(page, here, { only: ['WebSocket'] })
      assert.match(WebSocket ?? '', new RegExp(SECRET))
    })
  }
})
