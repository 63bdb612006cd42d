/** Pages of other sites, in chromium, against somebody who is logged in: first a site that believes everybody, then ours. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { withoutChromium } from '@tautline/testkit'
import { attack, Browser, certificate, startAttacker, type Tls } from '../../origins/browser.ts'
import { SECRET, startVictim, type Victim, type Way } from '../../origins/victim.ts'

interface Scenario {
  readonly title: string
  /** The host of the victim, and the attacker's address without the port. */
  readonly host: string
  readonly evil: string
  readonly cookie: string
  readonly tls: boolean
  /** Are cookies sent for pages whose origin is null? */
  readonly opaque: boolean
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'another port of the same machine, to which SameSite cookies are sent',
    ...{ host: 'localhost', evil: 'http://localhost', cookie: 'SameSite=Lax', tls: false, opaque: false },
  },
  {
    title: 'a neighbour below the same domain, to whom SameSite cookies are sent',
    ...{
      host: 'app.bank.example',
      evil: 'https://evil.bank.example',
      cookie: 'SameSite=Strict; Secure',
      tls: true,
      opaque: false,
    },
  },
  {
    title: 'another site, to which a cookie with SameSite=None is sent',
    ...{
      host: 'app.bank.example',
      evil: 'https://evil.example',
      cookie: 'SameSite=None; Secure',
      tls: true,
      opaque: true,
    },
  },
]

/** Attacks that read what only Ann may, where every page is believed. */
const READ = ['WebSocket', 'WebSocket without a subprotocol', 'WebSocket of a worker', 'fetch', 'XMLHttpRequest']
const LOAD = ['EventSource', 'script', 'style sheet', 'image']
const WRITE = ['POST of JSON', 'POST with an authorization', 'PUT', 'DELETE']
const OPAQUE = ['WebSocket of a sandboxed frame', 'fetch of a sandboxed frame']
/** And those that make it do something: an image, three forms, a form in a window, a beacon, and five that fetch. */
const CHANGES = 11

describe('pages of other sites, in chromium', { skip: withoutChromium }, () => {
  let browser: Browser
  const tls = certificate()
  const closing: (() => unknown)[] = []
  before(async () => {
    browser = await Browser.launch()
  })
  after(() => browser?.close())
  afterEach(async () => {
    await browser.leave()
    await Promise.all(closing.splice(0).map((close) => close()))
  })

  async function attacked(scenario: Scenario, way: Way): Promise<{ victim: Victim; learned: Record<string, string> }> {
    const secure = scenario.tls ? { tls: tls as Tls } : {}
    const victim = await startVictim({ way, host: scenario.host, cookie: scenario.cookie, ...secure })
    const attacker = await startAttacker(secure.tls)
    closing.push(() => victim.close(), attacker.close)
    await browser.logIn(victim.origin)
    victim.requests.length = 0
    const page = await browser.lure(`${scenario.evil}:${attacker.port}`)
    const learned = await attack(page, victim.origin)
    // Nobody tells a page what became of forms and beacons: the last request that was sent is behind them all.
    assert.ok(await victim.until(() => posts(victim) === (way === 'naive' ? 8 : 6)))
    return { victim, learned }
  }

  for (const scenario of SCENARIOS) {
    const skip = scenario.tls && typeof tls === 'string' && tls
    describe(scenario.title, { skip }, () => {
      it('read and change everything where every page is believed: cookies are sent', async () => {
        const { victim, learned } = await attacked(scenario, 'naive')
        const good = [...READ, ...LOAD, ...WRITE, ...(scenario.opaque ? OPAQUE : [])]
        const read = Object.keys(learned).filter((name) => learned[name]?.includes('S3CRET'))
        assert.deepEqual(read.sort(), good.sort())
        assert.equal(victim.effects.filter((effect) => effect.includes('/transfer')).length, CHANGES)
        assert.ok(victim.effects.includes('publish to hall'))
      })

      for (const way of ['listen', 'attach'] as const) {
        it(`are refused on every route by ${way}(), read nothing and change nothing`, async () => {
          const { victim, learned } = await attacked(scenario, way)
          for (const [name, what] of Object.entries(learned)) assert.equal(what, '', name)
          assert.deepEqual(victim.effects, [])
          assert.equal(victim.realtime.stats.connections, 0)
          const evil = new URL(scenario.evil).hostname
          assert.deepEqual(
            victim.refused.map((origin) => (origin === 'null' ? origin : new URL(origin).hostname)),
            [evil, evil, evil, 'null'],
          )
          const strange = victim.requests.filter(({ what, status }) => what !== 'GET /favicon.ico' && status !== 403)
          assert.deepEqual(strange, [])
          // What SameSite let pass was refused all the same.
          assert.ok(victim.requests.filter(({ cookie }) => cookie).length >= 15)
          assert.ok(victim.requests.filter(({ what }) => what.startsWith('OPTIONS ')).length >= 4)
        })
      }

      it('are told from its own pages, which read and change what they may', async () => {
        const secure = scenario.tls ? { tls: tls as Tls } : {}
        for (const way of ['listen', 'attach'] as const) {
          const victim = await startVictim({ way, host: scenario.host, cookie: scenario.cookie, ...secure })
          closing.push(() => victim.close())
          await browser.logIn(victim.origin)
          const page = await browser.lure(victim.origin, true)
          const learned = await attack(page, victim.origin, { only: [...READ, ...LOAD, ...WRITE] })
          for (const [name, what] of Object.entries(learned))
            assert.match(what, name === 'image' ? /42/ : new RegExp(SECRET), name)
          assert.deepEqual(victim.refused, [])
          await page.close()
        }
      })
    })
  }
})

/** Requests that tried to change something, preflights not counted. */
function posts({ requests }: Victim): number {
  return requests.filter(({ what, status }) => what === 'POST /transfer' && status !== 0).length
}
