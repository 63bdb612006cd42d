// The browser of the end-to-end tests, and the steps everybody takes in the chat.
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '@tautline/testkit'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type BrowserServer,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
}

/** A browser on a machine of its own, which can be put to sleep: all its processes stop, and so does its network. */
export class Machine {
  readonly #server: BrowserServer
  readonly browser: Browser

  private constructor(server: BrowserServer, browser: Browser) {
    this.#server = server
    this.browser = browser
  }

  static async start(): Promise<Machine> {
    const server = await chromium.launchServer({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
    return new Machine(server, await chromium.connect(server.wsEndpoint()))
  }

  async sleep(): Promise<void> {
    for (const context of this.browser.contexts()) await context.setOffline(true)
    this.#signal('SIGSTOP')
  }

  async wake(): Promise<void> {
    this.#signal('SIGCONT')
    for (const context of this.browser.contexts()) await context.setOffline(false)
  }

  async stop(): Promise<void> {
    this.#signal('SIGCONT')
    await this.browser.close()
    await this.#server.close()
  }

  /** Playwright starts the browser as the leader of a group of processes. */
  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(-(this.#server.process().pid as number), signal)
  }
}

/** Somebody with a browser of their own. What their pages report as an error is added to `problems`. */
export async function visitor(
  browser: Browser,
  problems: string[],
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1140, height: 760 }, locale: 'en-GB', ...options })
  context.on('page', (page) => {
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      // While the server is down the browser itself notes every attempt.
      const expected = /WebSocket connection to .* failed|Failed to load resource/.test(message.text())
      if (message.type() === 'error' && !expected) problems.push(message.text())
    })
  })
  return context
}

export async function enter(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  await join(page, name)
  return page
}

export async function join(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Join the chat' }).click()
  await live(page)
}

export async function live(page: Page): Promise<void> {
  await page.locator('#status[data-state="live"]').waitFor()
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByLabel('Your message').press('Enter')
}

export async function goTo(page: Page, title: string): Promise<void> {
  await room(page, title).click()
  await page.locator('#room-title', { hasText: title }).waitFor()
}

export function bubble(page: Page, text: string): Locator {
  return page.locator('.bubble', { hasText: text })
}

export function person(page: Page, name: string): Locator {
  return page.locator('.person', { hasText: name })
}

export function room(page: Page, title: string): Locator {
  return page.locator('.room', { hasText: title })
}

/** What is said in the open room, in the page's order. */
export function texts(page: Page): Promise<string[]> {
  return page.locator('.bubble').allTextContents()
}

/** Nothing of ours is on its way any more. */
export async function settled(page: Page): Promise<void> {
  // What was said is drawn by a timer of the page: one that is set now, and no shorter, fires behind it.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)))
  await page.locator('.message[data-fate]').first().waitFor({ state: 'detached' })
}

/** Lets a page believe that it is hidden, or shown again: headless pages are always visible. */
export async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => state === 'hidden' })
      document.dispatchEvent(new Event('visibilitychange'))
    },
    hidden ? 'hidden' : 'visible',
  )
}
