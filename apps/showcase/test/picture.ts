// Takes docs/images/showcase-chat.png, run by hand: `npm run picture --workspace apps/showcase`.
// Two people talk through a real server, one in light and one in dark; their windows are put side by side.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { bubble, goTo, join, launch, person, say, settled } from './chromium.ts'
import { startServer } from './server-process.ts'

const target = fileURLToPath(new URL('../../../docs/images/showcase-chat.png', import.meta.url))
mkdirSync(fileURLToPath(new URL('.', `file://${target}`)), { recursive: true })

const server = await startServer({ build: true })
const browser = await launch()
try {
  const ada = await enter(browser, 'light', 'Ada')
  const bo = await enter(browser, 'dark', 'Bo')
  await person(ada, 'Bo').waitFor()
  for (const title of ['Release 1.0', 'Coffee']) {
    await bo.getByRole('button', { name: 'New room' }).click()
    await bo.getByLabel('Name of the room').fill(title)
    await bo.getByRole('button', { name: 'Create the room' }).click()
    await bo.locator('#room-title', { hasText: title }).waitFor()
    await say(bo, `Welcome to ${title}.`)
    await settled(bo)
  }
  await goTo(bo, 'General')
  const talk: [Page, string][] = [
    [ada, 'Good morning! Is this the realtime stack?'],
    [bo, 'It is. Every room is a log: history, presence, exact resume.'],
    [bo, 'Kill the server and keep writing.'],
    [ada, 'And when it comes back?'],
    [bo, 'The page goes on where it stopped, and sends what you wrote, once.'],
    [ada, 'Nothing lost, nothing twice.'],
  ]
  for (const [page, text] of talk) {
    await say(page, text)
    for (const reader of [ada, bo]) await bubble(reader, text).waitFor()
  }
  await bo.getByLabel('Your message').pressSequentially('Now')
  await ada.locator('#typing', { hasText: 'is writing' }).waitFor()
  await compose(browser, [await ada.screenshot(), await bo.screenshot()])
} finally {
  await browser.close()
  await server.stop('SIGTERM')
}

async function enter(browser: Browser, colorScheme: 'light' | 'dark', name: string): Promise<Page> {
  const viewport = { width: 1000, height: 640 }
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', deviceScaleFactor: 1 })
  const page = await context.newPage()
  await page.goto(server.url)
  await join(page, name)
  return page
}

async function compose(browser: Browser, pictures: readonly Buffer[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 2080, height: 720 } })
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`)
  await page.setContent(`<style>
    body { margin: 0; height: 720px; display: flex; gap: 26px; align-items: center; justify-content: center; background: #d9e2df }
    img { width: 1000px; border-radius: 14px; box-shadow: 0 14px 40px rgb(0 0 0 / 22%) }
  </style>${images.join('')}`)
  await page.screenshot({ path: target })
}
