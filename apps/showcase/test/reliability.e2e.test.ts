// What the chat promises when things break: real pages in headless chromium, a real server on SQLite that is killed.
// Takes screenshots into test-output/showcase/ (ignored by git).

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { withoutChromium } from '@tautline/testkit'
import type { Browser, Page } from 'playwright-core'
import { readStaticFiles } from '../src/server/static-files.ts'
import { bubble, enter, launch, live, Machine, person, say, settled, texts, visitor } from './chromium.ts'
import { PAGES, type ServerProcess, startServer } from './server-process.ts'

const PICTURES = fileURLToPath(new URL('../../../test-output/showcase/', import.meta.url))

describe('the chat when things break', { skip: withoutChromium, timeout: 180_000 }, () => {
  let server: ServerProcess
  let browser: Browser
  let ada: Page
  let bo: Page
  const problems: string[] = []

  before(async () => {
    mkdirSync(PICTURES, { recursive: true })
    server = await startServer({ build: true })
    browser = await launch()
    ada = await enter(await visitor(browser, problems, { colorScheme: 'light' }), server.url, 'Ada')
    bo = await enter(await visitor(browser, problems, { colorScheme: 'dark' }), server.url, 'Bo')
  })

  after(async () => {
    await browser?.close()
    await server?.stop('SIGTERM')
  })

  // A test that failed half-way must not take the others with it.
  beforeEach(async () => {
    if (server.child.exitCode !== null || server.child.signalCode !== null) await restart()
  })

  async function restart(): Promise<void> {
    server = await startServer({ port: server.port, store: server.store })
  }

  /** Pages that wait would come back by themselves, within 20 s: tells them that it is worth trying now. */
  async function awake(...pages: readonly Page[]): Promise<void> {
    for (const page of pages) {
      await page.evaluate(() => dispatchEvent(new Event('online')))
      await live(page)
    }
  }

  it('kill -9 while two tabs chat: nothing is lost, nothing comes twice, the order is the same everywhere', async () => {
    const rounds = 3
    const each = 12
    const talk = async (page: Page, who: string): Promise<void> => {
      for (let n = 0; n < rounds * each; n++) await say(page, `${who} ${n}`)
    }
    const talking = Promise.all([talk(ada, 'ada'), talk(bo, 'bo')])
    for (let round = 1; round <= rounds; round++) {
      // In the middle of it: some messages are stored, some answered, some on their way, some not written yet.
      await bubble(bo, `ada ${round * 8 - 4}`)
        .first()
        .waitFor()
      await server.stop('SIGKILL')
      await restart()
      await awake(ada, bo)
    }
    await talking
    for (const page of [ada, bo]) await bubble(page, `bo ${rounds * each - 1}`).waitFor()
    for (const page of [ada, bo]) await bubble(page, `ada ${rounds * each - 1}`).waitFor()
    for (const page of [ada, bo]) await settled(page)

    const seen = await texts(ada)
    assert.deepEqual(await texts(bo), seen, 'both tabs show the same order')
    for (const who of ['ada', 'bo']) {
      assert.deepEqual(
        seen.filter((text) => text.startsWith(who)),
        Array.from({ length: rounds * each }, (_, n) => `${who} ${n}`),
        `everything of ${who}, once, in order`,
      )
    }
    assert.equal(await ada.locator('.divider.note').count(), 0, 'and nobody was told of a loss')
    const late = await enter(await visitor(browser, problems), server.url, 'Lea')
    await bubble(late, seen.at(-1) ?? '').waitFor()
    assert.deepEqual(await texts(late), seen.slice(-50), 'the log says the same')
    await late.context().close()
  })

  it('without a server the page says so, keeps what is written, and sends it once when the server is back', async () => {
    await server.stop('SIGKILL')
    await ada.locator('#status[data-state="waiting"]').waitFor()
    await say(ada, 'Then we keep writing.')
    await say(ada, 'Like this.')
    await ada.locator('.message[data-fate="sending"]').nth(1).waitFor()
    await ada.locator('#banner', { hasText: '2 messages wait in this tab' }).waitFor()
    await ada.locator('.fate', { hasText: 'Sending' }).last().waitFor()
    await ada.locator('#status[data-state="waiting"]').waitFor()
    await ada.screenshot({ path: `${PICTURES}reconnecting-light.png` })
    await restart()
    await ada
      .getByRole('button', { name: 'Try now' })
      .click({ timeout: 1_000 })
      .catch(() => {})
    for (const page of [ada, bo]) await live(page)
    await bubble(bo, 'Like this.').waitFor()
    await settled(ada)
    for (const page of [ada, bo]) {
      assert.equal(await bubble(page, 'Then we keep writing.').count(), 1)
      assert.equal(await bubble(page, 'Like this.').count(), 1)
    }
    await person(ada, 'Bo').waitFor()
  })

  it('what was written without a server survives a reload of the tab, and is sent once', async () => {
    await server.stop('SIGKILL')
    await ada.locator('#status[data-state="waiting"]').waitFor()
    await say(ada, 'Written in the dark.')
    await ada.locator('.message[data-fate="sending"]', { hasText: 'Written in the dark.' }).waitFor()
    await withPagesAlone(server.port, async () => {
      await ada.reload()
      await ada.locator('#status[data-state="waiting"]').waitFor()
    })
    await restart()
    await awake(ada, bo)
    await bubble(bo, 'Written in the dark.').waitFor()
    await bubble(ada, 'Written in the dark.').waitFor()
    await settled(ada)
    for (const page of [ada, bo]) assert.equal(await bubble(page, 'Written in the dark.').count(), 1)
  })

  it('a machine that slept while its connection died is live within a second after it wakes', async () => {
    const machine = await Machine.start()
    try {
      const zoe = await enter(await visitor(machine.browser, problems), server.url, 'Zoe')
      await say(zoe, 'Closing the lid.')
      await settled(zoe)
      const before = await texts(zoe)
      await machine.sleep()
      await server.stop('SIGKILL')
      await restart()
      await awake(bo)
      for (let n = 1; n <= 5; n++) await say(bo, `while you slept ${n}`)
      await settled(bo)
      const woken = performance.now()
      await machine.wake()
      await bubble(zoe, 'while you slept 5').waitFor()
      await live(zoe)
      const took = performance.now() - woken
      assert.ok(took < 1_000, `${took.toFixed(0)} ms`)
      assert.deepEqual(await texts(zoe), [...before, ...[1, 2, 3, 4, 5].map((n) => `while you slept ${n}`)])
    } finally {
      await machine.stop()
    }
  })

  it('a page that waits tries at once when the network is back', async () => {
    const context = await visitor(browser, problems)
    // This page's waits never end: only the event can bring it back.
    await context.addInitScript(() => {
      const real = window.setTimeout
      window.setTimeout = ((run: () => void, wait: number) =>
        Reflect.get(window, 'patient') ? 0 : real(run, wait)) as typeof setTimeout
    })
    const patient = await enter(context, server.url, 'Dora')
    await patient.evaluate(() => Reflect.set(window, 'patient', true))
    await server.stop('SIGKILL')
    await patient.locator('#status[data-state="waiting"]').waitFor()
    await restart()
    await awake(ada, bo)
    assert.equal(await patient.locator('#status').getAttribute('data-state'), 'waiting')
    // Such events come in swarms; the client tries once a second at most.
    await patient.evaluate(() => {
      setInterval(() => dispatchEvent(new Event('online')), 250)
    })
    await live(patient)
    await context.close()
  })

  it('a store that was replaced is told, and nothing is passed off as complete', async () => {
    await server.stop('SIGKILL')
    server = await startServer({ port: server.port })
    await awake(ada, bo)
    await ada.locator('.divider.note', { hasText: 'store was replaced' }).waitFor()
    await say(bo, 'A new beginning.')
    await bubble(ada, 'A new beginning.').waitFor()
    assert.equal(await bubble(ada, 'Like this.').count(), 1, 'what this window knows stays')
  })

  it('no page reported an error or broke its Content-Security-Policy', () => {
    assert.deepEqual(problems, [])
  })
})

/** While the chat's server is gone, another one serves the pages on its port: no WebSocket is answered there. */
async function withPagesAlone(port: number, run: () => Promise<void>): Promise<void> {
  const files = await readStaticFiles(PAGES)
  const http = createServer((request, response) => files.handle(request, response)).listen(port, '127.0.0.1')
  http.on('upgrade', (_request, socket) => socket.destroy())
  try {
    await run()
  } finally {
    http.closeAllConnections()
    await new Promise((closed) => http.close(closed))
  }
}
