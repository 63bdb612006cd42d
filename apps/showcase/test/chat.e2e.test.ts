// The chat as people meet it: real pages in headless chromium, a real server that is killed and comes back.
// Takes screenshots into test-output/showcase/ (ignored by git).

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { withoutChromium } from '@tautline/testkit'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { bubble, connected, join, launch, person, say } from './chromium.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const PICTURES = fileURLToPath(new URL('../../../test-output/showcase/', import.meta.url))

describe('the chat in chromium', { skip: withoutChromium, timeout: 120_000 }, () => {
  let server: ServerProcess
  let browser: Browser
  let ada: Page
  let bo: Page
  const problems: string[] = []

  before(async () => {
    mkdirSync(PICTURES, { recursive: true })
    server = await startServer({ build: true })
    browser = await launch()
    ada = await enter(await visitor({ colorScheme: 'light' }), 'Ada')
    bo = await enter(await visitor({ colorScheme: 'dark' }), 'Bo')
  })

  after(async () => {
    await browser?.close()
    await server?.stop('SIGTERM')
  })

  it('two pages see who is there', async () => {
    await person(ada, 'Bo').waitFor()
    await person(bo, 'Ada').waitFor()
    assert.equal(await ada.locator('.person').count(), 2)
    assert.equal(await ada.locator('.person', { hasText: 'you' }).locator('.person-name').textContent(), 'Ada')
  })

  it('two pages see each other’s messages at once', async () => {
    await say(ada, 'Good morning! Is this the new engine?')
    await bubble(bo, 'Good morning! Is this the new engine?').waitFor()
    await say(bo, 'It is. Every frame of this chat goes through it.')
    await bubble(ada, 'Every frame of this chat').waitFor()
    assert.equal(await ada.locator('.message[data-own]').count(), 1)
    assert.equal(await ada.locator('.message:not([data-own])').count(), 1)
    await ada.locator('.message[data-pending]').waitFor({ state: 'detached' })
  })

  it('a page that comes later sees what was said, and a second tab is the same person', async () => {
    const second = await ada.context().newPage()
    await second.goto(server.url)
    await bubble(second, 'Good morning').waitFor()
    assert.equal(await second.locator('.message[data-own]').count(), 1)
    await person(bo, 'Ada').getByText('2 tabs').waitFor()
    assert.equal(await bo.locator('.person').count(), 2)
    await second.close()
    await person(bo, 'Ada').getByText('2 tabs').waitFor({ state: 'detached' })
  })

  it('a name is changed for everybody and kept after a reload', async () => {
    await bo.getByRole('button', { name: 'Change your name' }).click()
    await bo.getByLabel('Your name').fill('Bo Berg')
    await bo.getByRole('button', { name: 'Save' }).click()
    await person(ada, 'Bo Berg').waitFor()
    await bo.reload()
    await connected(bo)
    assert.equal(await bo.locator('dialog[open]').count(), 0)
    await person(ada, 'Bo Berg').waitFor()
  })

  it('others see that somebody is writing, until the message is there', async () => {
    await bo.getByLabel('Your message').pressSequentially('What if')
    await ada.locator('#typing', { hasText: 'is writing' }).waitFor()
    await bo.getByLabel('Your message').fill('')
    await say(bo, 'What if the server falls over?')
    await bubble(ada, 'What if the server').waitFor()
    assert.equal(await ada.locator('#typing').textContent(), '')
  })

  it('markup in a message and in a name stays text', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>alert(1)</script>'
    const mallory = await enter(await visitor({}), '<b>Mallory</b>')
    await say(mallory, markup)
    await bubble(ada, markup).waitFor()
    await person(ada, '<b>Mallory</b>').waitFor()
    assert.equal(await ada.locator('.message img, .message script, .person b').count(), 0)
    assert.equal(await ada.title(), 'Tautline chat')
    await mallory.context().close()
    await person(ada, 'Mallory').waitFor({ state: 'detached' })
  })

  it('after the server was killed and came back both pages return, and what was written meanwhile arrives once', async () => {
    await server.stop('SIGKILL')
    for (const page of [ada, bo])
      await page.locator('#status[data-state="waiting"], #status[data-state="connecting"]').waitFor()
    await say(ada, 'Then we keep writing, and it is sent when the server is back.')
    await say(ada, 'Like this.')
    assert.equal(await ada.locator('.message[data-pending]').count(), 2)
    await ada.locator('#status[data-state="waiting"]').waitFor()
    await ada.screenshot({ path: `${PICTURES}reconnecting-light.png` })

    server = await startServer({ port: server.port })
    for (const page of [ada, bo]) await connected(page)
    await bubble(bo, 'Like this.').waitFor()
    await ada.locator('.message[data-pending]').first().waitFor({ state: 'detached' })
    for (const page of [ada, bo]) {
      assert.equal(await bubble(page, 'Then we keep writing').count(), 1)
      assert.equal(await bubble(page, 'Like this.').count(), 1)
      assert.equal(await bubble(page, 'Good morning').count(), 1)
      assert.equal(await page.locator('.note', { hasText: 'The server restarted' }).count(), 1)
    }
    await say(bo, 'Nothing lost, nothing twice.')
    await bubble(ada, 'Nothing lost').waitFor()
    await ada.locator('#engine-detail', { hasText: 'round trip' }).waitFor()
    await bo.locator('#engine-detail', { hasText: 'round trip' }).waitFor()
  })

  it('looks right in light, in dark and on a phone', async () => {
    await ada.screenshot({ path: `${PICTURES}chat-light.png` })
    await bo.screenshot({ path: `${PICTURES}chat-dark.png` })
    const context = await visitor({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    const phone = await context.newPage()
    await phone.goto(server.url)
    await phone.locator('dialog[open]').waitFor()
    await phone.screenshot({ path: `${PICTURES}name-phone.png` })
    await join(phone, 'Cleo')
    await say(phone, 'Hello from my phone 👋')
    await bubble(ada, 'Hello from my phone').waitFor()
    await phone.screenshot({ path: `${PICTURES}chat-phone.png` })
    await phone.getByRole('button', { name: 'people here' }).click()
    await person(phone, 'Ada').waitFor()
    await phone.screenshot({ path: `${PICTURES}people-phone.png` })
    const width = await phone.evaluate(() => document.documentElement.scrollWidth)
    assert.equal(width, 390, 'nothing is wider than the phone')
    await phone.context().close()
  })

  it('a page that waits tries at once when the network is back', async () => {
    const context = await visitor({})
    // This page's first wait is 250 ms, and never ends: only the event can bring it back.
    await context.addInitScript(() => {
      Math.random = () => 0.5
      const real = window.setTimeout
      window.setTimeout = ((run: () => void, wait: number) => (wait === 250 ? 0 : real(run, wait))) as typeof setTimeout
    })
    const patient = await enter(context, 'Dora')
    await server.stop('SIGKILL')
    await patient.locator('#status[data-state="waiting"]').waitFor()
    server = await startServer({ port: server.port })
    for (const page of [ada, bo]) await connected(page)
    assert.equal(await patient.locator('#status').getAttribute('data-state'), 'waiting')
    await patient.evaluate(() => dispatchEvent(new Event('online')))
    await connected(patient)
    await context.close()
  })

  it('no page reported an error or broke its Content-Security-Policy', () => {
    assert.deepEqual(problems, [])
  })

  async function visitor(options: BrowserContextOptions): Promise<BrowserContext> {
    const context = await browser.newContext({ viewport: { width: 1040, height: 760 }, locale: 'en-GB', ...options })
    context.on('page', (page) => {
      page.on('pageerror', (error) => problems.push(String(error)))
      page.on('console', (message) => {
        // While the server is down the browser itself notes every attempt.
        const expected = /WebSocket connection to .* failed/.test(message.text())
        if (message.type() === 'error' && !expected) problems.push(message.text())
      })
    })
    return context
  }

  async function enter(context: BrowserContext, name: string): Promise<Page> {
    const page = await context.newPage()
    await page.goto(server.url)
    await join(page, name)
    return page
  }
})
