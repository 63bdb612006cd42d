// The chat as people meet it: real pages in headless chromium, a real server.
// Takes screenshots into test-output/showcase/ (ignored by git).

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@tautline/client'
import { withoutChromium } from '@tautline/testkit'
import type { Browser, Page } from 'playwright-core'
import { roomChannel, type Said } from '../src/shared/messages.ts'
import {
  bubble,
  enter,
  goTo,
  hide,
  join,
  launch,
  live,
  person,
  room,
  say,
  settled,
  texts,
  visitor,
} from './chromium.ts'
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
    ada = await enter(await visitor(browser, problems, { colorScheme: 'light' }), server.url, 'Ada')
    bo = await enter(await visitor(browser, problems, { colorScheme: 'dark' }), server.url, 'Bo')
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
    await say(ada, 'Good morning! Is this the realtime stack?')
    await bubble(bo, 'Good morning! Is this the realtime stack?').waitFor()
    await say(bo, 'It is. Every room is a log that loses nothing.')
    await bubble(ada, 'Every room is a log').waitFor()
    assert.equal(await ada.locator('.message[data-own]').count(), 1)
    assert.equal(await ada.locator('.message:not([data-own])').count(), 1)
    await settled(ada)
  })

  it('who comes later finds what was said, and a second tab is the same person', async () => {
    const second = await ada.context().newPage()
    await second.goto(server.url)
    await bubble(second, 'Good morning').waitFor()
    assert.equal(await second.locator('.message[data-own]').count(), 1)
    assert.equal(await second.locator('.divider.new').count(), 0)
    await person(bo, 'Ada').getByText('2 tabs').waitFor()
    assert.equal(await bo.locator('.person').count(), 2)
    await second.close()
  })

  it('a name is changed for everybody, and kept after a reload', async () => {
    await bo.getByRole('button', { name: 'Change your name' }).click()
    await bo.getByLabel('Your name').fill('Bo Berg')
    await bo.getByRole('button', { name: 'Save' }).click()
    await person(ada, 'Bo Berg').waitFor()
    await bo.reload()
    await live(bo)
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

  it('a room that somebody makes is in everybody’s list, has an address, and keeps its own conversation', async () => {
    await ada.getByRole('button', { name: 'New room' }).click()
    await ada.getByLabel('Name of the room').fill('Über uns')
    await ada.getByRole('button', { name: 'Create the room' }).click()
    await ada.locator('#room-title', { hasText: 'Über uns' }).waitFor()
    assert.equal(new URL(ada.url()).pathname, '/r/uber-uns')
    await ada.locator('#empty').waitFor()
    await say(ada, 'First!')
    await room(bo, 'Über uns').locator('.badge', { hasText: '1' }).waitFor()
    await bo.goto(`${server.url}/r/uber-uns`)
    await bubble(bo, 'First!').waitFor()
    assert.deepEqual(await texts(bo), ['First!'])
    await person(bo, 'Ada').waitFor()
  })

  it('the browser’s own back and forward go from room to room', async () => {
    await goTo(ada, 'General')
    await bubble(ada, 'Good morning').waitFor()
    await ada.goBack()
    await bubble(ada, 'First!').waitFor()
    await ada.goForward()
    await bubble(ada, 'Good morning').waitFor()
  })

  it('what is said elsewhere is counted; on entering, a line shows where one stopped', async () => {
    assert.equal(await room(bo, 'General').locator('.badge').count(), 0)
    await say(ada, 'Bo, are you there?')
    await say(ada, 'Anybody?')
    await room(bo, 'General').locator('.badge', { hasText: '2' }).waitFor()
    assert.match(await bo.title(), /^\(2\) /)
    await goTo(bo, 'General')
    const order = bo.locator('.divider.new ~ .message .bubble')
    await order.first().waitFor()
    assert.deepEqual(await order.allTextContents(), ['Bo, are you there?', 'Anybody?'])
    await room(bo, 'General').locator('.badge').waitFor({ state: 'detached' })
    await say(bo, 'I am now.')
    await bo.locator('.divider.new').waitFor({ state: 'detached' })
  })

  it('what came while the page was hidden is counted in its title, and marked after a reload too', async () => {
    await hide(bo, true)
    await say(ada, 'Back in a minute.')
    await say(ada, 'Really.')
    await bo.waitForFunction(() => document.title.startsWith('(2) '))
    await bo.screenshot({ path: `${PICTURES}unread-dark.png` })
    const before = await texts(bo)
    await bo.reload()
    await bubble(bo, 'Really.').waitFor()
    assert.deepEqual(await texts(bo), before, 'the reload goes on exactly where the page was')
    assert.deepEqual(await bo.locator('.divider.new ~ .message .bubble').allTextContents(), [
      'Back in a minute.',
      'Really.',
    ])
    await bo.waitForFunction(() => document.title.startsWith('General'))
    await bo.reload()
    await bubble(bo, 'Really.').waitFor()
    await live(bo)
    assert.equal(await bo.locator('.divider.new').count(), 0, 'now it has been read')
  })

  it('older messages come page by page when one scrolls up', async () => {
    await fill(server.url, 'random', 70)
    const late = await enter(await visitor(browser, problems), `${server.url}/r/random`, 'Lea')
    await bubble(late, 'line 70').waitFor()
    assert.equal(await late.locator('.message').count(), 50)
    await late.locator('#scroller').evaluate((scroller) => scroller.scrollTo(0, 0))
    await bubble(late, 'line 1').first().waitFor()
    await late.waitForFunction(() => document.querySelectorAll('.message').length === 70)
    assert.deepEqual(
      await texts(late),
      Array.from({ length: 70 }, (_, n) => `line ${n + 1}`),
    )
    assert.match((await late.locator('#begin').textContent()) ?? '', /beginning of Random/)
    await late.context().close()
  })

  it('more than a screenful of new messages is entered at the line, and read when one has come to its end', async () => {
    await room(bo, 'Random').locator('.badge', { hasText: '70' }).waitFor()
    await goTo(bo, 'Random')
    const newest = bo.locator('#newest', { hasText: '70 new messages' })
    await newest.waitFor()
    assert.equal(await bo.locator('.divider.new').evaluate(isVisible), true)
    assert.equal(await bubble(bo, 'line 70').evaluate(isVisible), false)
    await room(bo, 'Random').locator('.badge', { hasText: '70' }).waitFor()
    await bo.reload()
    await newest.waitFor()
    assert.equal(await bo.locator('.divider.new').evaluate(isVisible), true, 'a reload goes on at the same line')
    await newest.click()
    await room(bo, 'Random').locator('.badge').waitFor({ state: 'detached' })
    assert.equal(await bubble(bo, 'line 70').evaluate(isVisible), true)
    await goTo(bo, 'General')
  })

  it('markup in a message, a name and a room’s name stays text', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>alert(1)</script>'
    const mallory = await enter(await visitor(browser, problems), server.url, '<b>Mallory</b>')
    await say(mallory, markup)
    await bubble(ada, markup).waitFor()
    await person(ada, '<b>Mallory</b>').waitFor()
    await mallory.getByRole('button', { name: 'New room' }).click()
    await mallory.getByLabel('Name of the room').fill('<i>x</i><img src=y>')
    await mallory.getByRole('button', { name: 'Create the room' }).click()
    await room(ada, '<i>x</i><img src=y>').waitFor()
    assert.equal(await ada.locator('.app img, .message script, .person b, .room i').count(), 0)
    assert.match(await ada.title(), /Tautline chat$/)
    await mallory.context().close()
    await person(ada, 'Mallory').waitFor({ state: 'detached' })
  })

  it('an address of no room says so', async () => {
    await ada.goto(`${server.url}/r/nowhere`)
    await ada.locator('#unknown').waitFor()
    assert.equal(await ada.getByLabel('Your message').isVisible(), false)
    await goTo(ada, 'General')
    await live(ada)
    assert.equal(await ada.locator('#unknown').isVisible(), false)
  })

  it('looks right in light, in dark and on a phone', async () => {
    await ada.screenshot({ path: `${PICTURES}chat-light.png` })
    await bo.screenshot({ path: `${PICTURES}chat-dark.png` })
    const context = await visitor(browser, problems, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
      reducedMotion: 'reduce',
    })
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
    await phone.getByRole('button', { name: 'Rooms' }).click()
    await room(phone, 'Ideas').waitFor()
    await phone.screenshot({ path: `${PICTURES}rooms-phone.png` })
    await goTo(phone, 'Ideas')
    const width = await phone.evaluate(() => document.documentElement.scrollWidth)
    assert.equal(width, 390, 'nothing is wider than the phone')
    await phone.context().close()
  })

  it('no page reported an error or broke its Content-Security-Policy', () => {
    assert.deepEqual(problems, [])
  })
})

/** Does the reader see it? Run in the page. */
function isVisible(element: Element): boolean {
  const scroller = document.getElementById('scroller')?.getBoundingClientRect()
  const { top, bottom } = element.getBoundingClientRect()
  return scroller !== undefined && top >= scroller.top - 1 && bottom <= scroller.bottom + 1
}

/** Many messages in a room at once, by people without a browser: one alone would be asked to slow down. */
async function fill(url: string, room: string, lines: number): Promise<void> {
  const each = 10
  for (let n = 0; n < lines; n += each) {
    const token = JSON.stringify({ key: `key-of-person-${n}`.padEnd(16, '-'), name: `Person ${n / each + 1}` })
    const client = new Client(`${url}/realtime`, { token })
    const channel = client.channel<Said>(roomChannel(room))
    const said = Array.from({ length: each }, (_, i) => channel.publish({ text: `line ${n + i + 1}`, name: 'Person' }))
    await Promise.all(said)
    client.close()
  }
}
