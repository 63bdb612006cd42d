// Takes docs/images/showcase-chat.png, run by hand: `npm run picture --workspace apps/showcase`.
// Two people talk through a real server, one in light and one in dark; their windows are put side by side.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { bubble, join, launch, person, say } from './chromium.ts'
import { startServer } from './server-process.ts'

const target = fileURLToPath(new URL('../../../docs/images/showcase-chat.png', import.meta.url))
mkdirSync(fileURLToPath(new URL('.', `file://${target}`)), { recursive: true })

const server = await startServer({ build: true })
const browser = await launch()
try {
  const ada = await enter(browser, 'light', 'Ada')
  const bo = await enter(browser, 'dark', 'Bo')
  await person(ada, 'Bo').waitFor()
  const talk: [Page, string][] = [
    [ada, 'Good morning! Is this the new engine?'],
    [bo, 'It is. Every message here is a frame of @tautline/websocket.'],
    [bo, 'Open a second window and watch.'],
    [ada, 'And when the server goes away?'],
    [bo, 'Keep writing. The page reconnects by itself and sends what you wrote, once.'],
    [ada, 'Nothing lost, nothing twice.'],
  ]
  for (const [page, text] of talk) {
    await say(page, text)
    for (const reader of [ada, bo]) await bubble(reader, text).waitFor()
  }
  for (const page of [ada, bo]) await page.locator('#engine-detail', { hasText: 'round trip' }).waitFor()
  await bo.getByLabel('Your message').pressSequentially('Now')
  await ada.locator('#typing', { hasText: 'is writing' }).waitFor()
  await compose(browser, [await ada.screenshot(), await bo.screenshot()])
} finally {
  await browser.close()
  await server.stop('SIGTERM')
}

async function enter(browser: Browser, colorScheme: 'light' | 'dark', name: string): Promise<Page> {
  const viewport = { width: 760, height: 640 }
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', deviceScaleFactor: 1 })
  const page = await context.newPage()
  await page.goto(server.url)
  await join(page, name)
  return page
}

async function compose(browser: Browser, pictures: readonly Buffer[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 700 } })
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`)
  await page.setContent(`<style>
    body { margin: 0; height: 700px; display: flex; gap: 26px; align-items: center; justify-content: center; background: #d9e2df }
    img { width: 760px; border-radius: 14px; box-shadow: 0 14px 40px rgb(0 0 0 / 22%) }
  </style>${images.join('')}`)
  await page.screenshot({ path: target })
}
