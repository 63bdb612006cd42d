// Twenty real seconds without a server: one that hangs (SIGSTOP), and one that is gone and comes back.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { withoutChromium } from '@tautline/testkit'
import type { Browser, Page } from 'playwright-core'
import { bubble, enter, launch, live, say, settled, texts, visitor } from './chromium.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const OUTAGE = 20_000

describe('twenty seconds without a server', { skip: withoutChromium, timeout: 180_000, concurrency: true }, () => {
  let browser: Browser
  const problems: string[] = []

  before(async () => {
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    assert.deepEqual(problems, [])
  })

  it('that hangs: what was said meanwhile arrives once, in order, when it goes on', async () => {
    const server = await startServer({ build: true })
    const [ada, bo] = await two(server)
    server.child.kill('SIGSTOP')
    await say(ada, 'one')
    await say(bo, 'two')
    await pass(OUTAGE)
    await say(ada, 'three')
    server.child.kill('SIGCONT')
    await everything(ada, bo, ['one', 'two', 'three'])
    await server.stop('SIGTERM')
  })

  it('that is gone: pages come back by themselves, and send what they have, once', async () => {
    let server = await startServer({ build: true })
    const [ada, bo] = await two(server)
    await server.stop('SIGTERM')
    for (const page of [ada, bo]) await page.locator('#status[data-state="waiting"]').waitFor()
    await say(ada, 'one')
    await say(bo, 'two')
    await pass(OUTAGE)
    await say(ada, 'three')
    server = await startServer({ port: server.port, store: server.store })
    await everything(ada, bo, ['one', 'two', 'three'])
    await server.stop('SIGTERM')
  })

  async function two(server: ServerProcess): Promise<[Page, Page]> {
    const ada = await enter(await visitor(browser, problems), server.url, 'Ada')
    const bo = await enter(await visitor(browser, problems), server.url, 'Bo')
    await say(ada, 'zero')
    await bubble(bo, 'zero').waitFor()
    return [ada, bo]
  }

  async function everything(ada: Page, bo: Page, expected: readonly string[]): Promise<void> {
    for (const page of [ada, bo]) {
      await live(page)
      for (const text of expected) await bubble(page, text).waitFor()
      await settled(page)
    }
    const seen = await texts(ada)
    assert.deepEqual(seen.toSorted(), ['zero', ...expected].toSorted(), 'everything, once')
    assert.deepEqual(await texts(bo), seen, 'in one order')
    assert.ok(seen.indexOf('one') < seen.indexOf('three'))
  }
})
