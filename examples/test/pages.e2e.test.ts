// The pages of the examples in chromium: what their users do, and what a hostile page cannot do to them meanwhile.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { lastingPort, withoutChromium } from '@tautline/testkit'
import type { Page } from 'playwright-core'
import { attack, Browser, startAttacker } from '../../conformance/origins/browser.ts'
import { type Example, start } from './example.ts'

/** Logging somebody in as somebody else is an attack, too. */
const FORMS = ['form, urlencoded', 'form, multipart', 'POST, no-cors text/plain']

describe('the pages of the examples, in chromium', { skip: withoutChromium }, () => {
  let browser: Browser
  let example: Example | null = null
  before(async () => {
    browser = await Browser.launch()
    browser.context.setDefaultTimeout(10_000)
  })
  after(() => browser?.close())
  afterEach(async () => {
    await browser.leave()
    await example?.stop()
  })

  for (const name of ['http', 'express', 'fastify', 'hono']) {
    it(`${name}: log in, speak and log out, whatever a page on another port tries with the same cookies`, async () => {
      const port = await lastingPort()
      const origin = `http://localhost:${port}`
      example = await start(name, { port, origin })
      const attacker = await startAttacker()
      await browser.context.clearCookies()
      const page = await browser.context.newPage()
      await page.goto(origin)
      await page.getByLabel('Your name').fill('ann')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByText('You are ann, connected').waitFor()
      await page.getByText('server: welcome, ann').waitFor()
      await page.getByLabel('Your message').fill('hello')
      await page.getByRole('button', { name: 'Say it in the hall' }).click()
      await page.getByText('ann: hello').waitFor()

      const kittens = await browser.lure(`http://localhost:${attacker.port}`)
      const tried = {
        ...(await attack(kittens, origin, { changes: '/logout' })),
        ...(await attack(kittens, origin, { changes: '/login', only: FORMS })),
      }
      for (const [how, what] of Object.entries(tried)) assert.equal(what, '', how)
      attacker.close()

      assert.equal(await me(page), 200)
      await page.getByText('You are ann, connected').waitFor()
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByLabel('Your name').waitFor()
      assert.equal(await me(page), 401)
      assert.doesNotMatch(example.output(), /S3CRET|rror/)
    })
  }
})

function me(page: Page): Promise<number> {
  return page.evaluate<number>(`fetch('/me').then(({ status }) => status)`)
}
