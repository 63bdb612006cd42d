// The browser of the end-to-end tests, and the steps everybody takes in the chat.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'

const PATH = '/usr/bin/chromium'
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why tests without chromium are skipped, or false. Under CI=true nothing is skipped: they fail. */
export const withoutChromium: string | false =
  existsSync(PATH) || process.env['CI'] === 'true' ? false : `missing tool: chromium (npm run setup installs it)`

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: ARGUMENTS })
}

export async function join(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Join the chat' }).click()
  await connected(page)
}

export async function connected(page: Page): Promise<void> {
  await page.locator('#status[data-state="connected"]').waitFor()
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByLabel('Your message').press('Enter')
}

export function bubble(page: Page, text: string): Locator {
  return page.locator('.bubble', { hasText: text })
}

export function person(page: Page, name: string): Locator {
  return page.locator('.person', { hasText: name })
}
