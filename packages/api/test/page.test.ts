// The page to try the API, in a browser: it sends what it shows, keeps the key to itself, and runs nothing from elsewhere.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { CHROMIUM, CHROMIUM_ARGUMENTS, withoutChromium } from '@tautline/testkit'
import { type Browser, chromium, type Page } from 'playwright-core'
import { ADMIN, assertNoSecret, type Served, serve } from './served.ts'

let served: Served
let browser: Browser | undefined
/** What the browser complained of. */
const problems: string[] = []
/** What the browser asked for. */
const asked: string[] = []

before(async () => {
  served = await serve()
  if (withoutChromium === false) {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
  }
})
after(async () => {
  await browser?.close()
  await served.close()
})

async function opened(hash = ''): Promise<Page> {
  const page = await (browser as Browser).newPage()
  page.on('console', (line) => problems.push(line.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(`${served.url}/docs${hash}`)
  await page.waitForSelector('details')
  return page
}

test('it lists every operation of the document and sends the example of each', { skip: withoutChromium }, async () => {
  const page = await opened()
  const cards = page.locator('details')
  assert.equal(await cards.count(), 12)
  await page.fill('#key', ADMIN)
  for (const card of await cards.all()) {
    await card.locator('summary').click()
    await card.locator('button[type=submit]').click()
    const status = card.locator('.good, .bad')
    await status.waitFor()
    assert.equal(await status.textContent(), '200 OK', (await card.locator('.path').textContent()) ?? '')
    assertNoSecret(await card.innerText())
    await card.locator('summary').click()
  }
  assert.deepEqual(problems, [])
  for (const url of asked) assert.ok(url.startsWith(served.origin) || url.startsWith('data:'), url)
  assertNoSecret(asked.join('\n'))
  const kept = await page.evaluate(`JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])`)
  assertNoSecret(String(kept))
  await page.close()
})

test('it shows the curl command of what stands in the form, and what was refused', {
  skip: withoutChromium,
}, async () => {
  const page = await opened('#history')
  const card = page.locator('#history')
  await card.getByRole('textbox').first().fill("chat:it's")
  const curl = (await card.locator('pre').first().textContent()) ?? ''
  assert.equal(
    curl,
    `curl '${served.url}/history?channel=chat%3Ait%27s&limit=10' \\\n  -H "Authorization: Bearer $TAUTLINE_KEY"`,
  )
  await card.locator('button[type=submit]').click()
  await card.locator('.bad').waitFor()
  assert.equal(await card.locator('.bad').textContent(), '401 Unauthorized')
  await page.close()
})

test('what the server answers never becomes markup', { skip: withoutChromium }, async () => {
  await served.realtime.publish('chat:42', '<img src=x onerror="document.title=\'owned\'"><script>1</script>')
  const page = await opened('#history')
  await page.fill('#key', ADMIN)
  await page.locator('#history button[type=submit]').click()
  await page.locator('#history .good').waitFor()
  assert.equal(await page.locator('#history img').count(), 0)
  assert.match((await page.locator('#history .answer').textContent()) ?? '', /<img src=x/)
  assert.equal(await page.title(), 'Tautline HTTP API')
  await page.close()
})

test('it may run its own script alone, and no page may frame it', async () => {
  const { headers } = await served.ask('/docs')
  const policy = headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/)
  assert.match(policy, /form-action 'none'; frame-ancestors 'none'/)
  assert.ok(!policy.includes('unsafe'), policy)
  const html = readFileSync(new URL('../assets/docs.html', import.meta.url), 'utf8')
  assert.ok(!/https?:/.test(html), 'nothing from elsewhere')
  assert.ok(html.split('\n').length <= 300)
})
