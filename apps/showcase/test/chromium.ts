// The browser of the end-to-end tests, and the steps everybody takes in the chat.
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '@tautline/testkit'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
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
