// Chromium as the user of a victim: logged in there, and on somebody else's page.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '@tautline/testkit'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** A page of somebody else with all attacks in it. */
const PAGE = `<!doctype html><title>kittens</title><body><script>${readFileSync(new URL('attacker.js', import.meta.url), 'utf8').replaceAll('</script', '<\\/script')}</script>`

export interface Tls {
  readonly key: Buffer
  readonly cert: Buffer
}

/** Every name below `example` is this machine; nobody else is asked, and every certificate is good. */
const ARGUMENTS = [
  '--host-resolver-rules=MAP *.example 127.0.0.1',
  '--no-proxy-server',
  '--ignore-certificate-errors',
  // No server can rely on what the newest browsers alone do for their users: they ask before a page speaks to this machine,
  // and keep cookies from other sites.
  '--disable-features=LocalNetworkAccessChecks',
]
const PREFERENCES = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }

/** Chromium with a fresh profile. */
export class Browser {
  readonly context: BrowserContext
  private readonly profile: string

  private constructor(context: BrowserContext, profile: string) {
    this.context = context
    this.profile = profile
  }

  static async launch(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'tautline-profile-'))
    mkdirSync(join(profile, 'Default'))
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(PREFERENCES))
    const args = [...CHROMIUM_ARGUMENTS, ...ARGUMENTS]
    return new Browser(await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args }), profile)
  }

  async close(): Promise<void> {
    await this.context.close()
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Logs in there, and nowhere else. */
  async logIn(victim: string, submit?: (page: Page) => Promise<unknown>): Promise<void> {
    await this.context.clearCookies()
    const page = await this.context.newPage()
    await page.goto(submit === undefined ? `${victim}/login` : victim)
    await submit?.(page)
    await page.close()
  }

  /** The page with the attacks, at its own address; with `posing`, at an address that a victim answers for. */
  async lure(address: string, posing = false): Promise<Page> {
    const page = await this.context.newPage()
    const url = `${address}/kittens`
    if (posing) await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
    await page.goto(url)
    return page
  }

  /** Closes all pages, and those that pages opened; but the first: with the last one the profile ends its sessions. */
  async leave(): Promise<void> {
    await Promise.all(this.context.pages().map((page, i) => (i === 0 ? undefined : page.close())))
  }
}

/** The site of the attacker; the port is any. */
export async function startAttacker(tls?: Tls): Promise<{ port: number; close(): void }> {
  const answer = (_: unknown, response: ServerResponse): void => {
    response.setHeader('Content-Type', 'text/html')
    response.end(PAGE)
  }
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

/** What the attacks learned, by name. `changes`: the path that does something when it is posted to. */
export async function attack(
  page: Page,
  victim: string,
  { changes = '/transfer', only = [] as readonly string[] } = {},
): Promise<Record<string, string>> {
  const learned: Record<string, string> = {}
  const names = only.length > 0 ? only : ((await page.evaluate('attackNames')) as string[])
  for (const name of names) {
    learned[name] = await page.evaluate<string>(`attack(${JSON.stringify([name, victim, changes]).slice(1, -1)})`)
  }
  return learned
}

/** A certificate for the names of the tests, or why there is none. */
export function certificate(): Tls | string {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-origins-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=example', '-addext', 'subjectAltName=DNS:*.example,DNS:*.bank.example']
  try {
    execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return 'missing tool: openssl'
  } finally {
    rmSync(folder, { recursive: true })
  }
}
