// `tautline serve --dev` as a process: what it opens, for whom, and the page on which it is tried out.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Client } from '@tautline/client'
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '@tautline/testkit'
import { chromium } from 'playwright-core'
import { newFolder, run, serve, start } from '../command.ts'

const clients: Client[] = []
after(() => {
  for (const client of clients) client.close()
})

function connect(url: string): Client {
  const client = new Client(url)
  clients.push(client)
  return client
}

test('--dev serves everybody of this machine, and says where', async () => {
  const running = start(['serve', '--dev', '--port', '0'])
  const found = Promise.withResolvers<string>()
  running.child.stdout?.on('data', () => {
    const [, url] = /Try it out {6}(\S+)\//.exec(running.output()) ?? []
    if (url !== undefined) found.resolve(url)
  })
  const url = await found.promise
  assert.match(running.output(), /everybody who reaches it may do everything/)
  const channel = connect(`${url}/realtime`).channel('any:thing')
  const got = Promise.withResolvers<unknown>()
  channel.subscribe({ onMessage: ({ data }) => got.resolve(data) })
  await channel.publish({ hello: 1 })
  assert.deepEqual(await got.promise, { hello: 1 })
  const key = readFileSync(join(running.folder, '.tautline/dev-api-key'), 'utf8').trim()
  assert.equal(statSync(join(running.folder, '.tautline/dev-api-key')).mode & 0o777, 0o600)
  assert.ok(!running.output().includes(key))
  const facts = await fetch(`${url}/api/v1/info`, { headers: { authorization: `Bearer ${key}` } })
  assert.equal(facts.status, 200)
  assert.equal((await fetch(`${url}/api/v1/info`)).status, 401)
  const page = await fetch(url)
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.equal((await fetch(`${url}/_tautline/wire/../../../package.json`)).status, 404)
  assert.equal((await fetch(`${url}/_tautline/wire/%2e%2e/package.json`)).status, 404)
  running.child.kill('SIGINT')
  assert.equal(await running.ended, 0)
})

test('the page works in a browser, under its own policy and without anything from elsewhere', async (t) => {
  if (!existsSync(CHROMIUM)) return t.skip('missing: chromium')
  const server = await serve(['--dev'])
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGUMENTS] })
  try {
    const page = await browser.newPage()
    const problems: string[] = []
    const asked = new Set<string>()
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    const url = server.url.replace('127.0.0.1', 'localhost')
    await page.goto(url)
    await page.locator('.chip[data-state="live"]').waitFor()
    await page.getByRole('button', { name: 'Publish' }).click()
    assert.match(await page.locator('#messages li.own').innerText(), /chat:lobby[\s\S]*"hello"/)
    const other = connect(`${url}/realtime`).channel('chat:lobby')
    await other.publish('<img src=x onerror=alert(1)>')
    await page.locator('#messages li:not(.own) code', { hasText: '<img' }).waitFor()
    assert.deepEqual([problems, [...asked].filter((origin) => origin !== 'null')], [[], [url]])
  } finally {
    await browser.close()
    await server.stop()
  }
})

test('--dev answers to names of this machine only, in HTTP and for WebSockets (DNS rebinding, O13)', async () => {
  const server = await serve(['--dev'])
  const { port } = new URL(server.url)
  const raw = async (headers: Readonly<Record<string, string>>, at = port): Promise<number> => {
    const { request } = await import('node:http')
    return new Promise((resolve, reject) => {
      const path = at === port ? '/realtime' : '/metrics'
      const asked = request({ port: at, host: '127.0.0.1', path, headers })
      asked.on('response', (response) => resolve(response.resume().statusCode ?? 0))
      asked.on('upgrade', (_response, stream) => {
        stream.destroy()
        resolve(101)
      })
      asked.on('error', reject)
      asked.end()
    })
  }
  const handshake = {
    ...{ connection: 'Upgrade', upgrade: 'websocket' },
    ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
  }
  assert.equal(await raw({ host: `evil.example.com:${port}` }), 421)
  assert.equal(await raw({ host: `localhost:${port}` }), 426)
  const monitoring = new URL(server.monitoring).port
  assert.equal(await raw({ host: `evil.example.com:${monitoring}` }, monitoring), 421)
  assert.equal(await raw({ host: `localhost:${monitoring}` }, monitoring), 200)
  const evil = `http://evil.example.com:${port}`
  assert.equal(await raw({ ...handshake, host: `evil.example.com:${port}`, origin: evil }), 403)
  assert.match(
    String((await server.line('origin refused')).problem),
    /without "origins" in the configuration, --dev is for/,
  )
  assert.equal(await raw({ ...handshake, host: `localhost:${port}`, origin: 'http://localhost:5173' }), 101)
  assert.equal(await server.stop(), 0)
})

test('--dev is refused for others and in production', async (t) => {
  const rows = [
    [['--host', '0.0.0.0'], {}, /--host {2}is '0\.0\.0\.0', which others reach, .*dev: \{ exposed: true \}/],
    [[], { TAUTLINE_HOST: '192.168.1.1' }, /TAUTLINE_HOST is '192\.168\.1\.1', which others reach/],
    [[], { NODE_ENV: 'production' }, /does not run with NODE_ENV=production\n/],
  ] as const
  for (const [args, env, expected] of rows) {
    await t.test(JSON.stringify([args, env]), async () => {
      const { code, output } = await run(['serve', '--dev', '--port', '0', ...args], { env })
      assert.equal(code, 2)
      assert.match(output, expected)
    })
  }
  await t.test('unless the configuration says so', async () => {
    const folder = newFolder({ 'tautline.config.json': '{ "dev": { "exposed": true } }' })
    const server = await serve(['--dev', '--host', '0.0.0.0'], { folder })
    assert.equal(await server.stop(), 0)
  })
  await t.test('--tls alone', async () => {
    const { code, output } = await run(['serve', '--tls', '--store', 'x'])
    assert.equal(code, 2)
    assert.match(output, /--tls is for --dev/)
  })
})

test('--dev --tls makes a certificate for this machine once, and again when it is not good any more', async () => {
  const folder = newFolder()
  const first = await serve(['--dev', '--tls'], { folder })
  const cert = join(folder, '.tautline/dev-cert.pem')
  const key = join(folder, '.tautline/dev-key.pem')
  const pem = readFileSync(cert, 'utf8')
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.equal(readFileSync(join(folder, '.tautline/.gitignore'), 'utf8'), '*\n')
  assert.match(first.url, /^https:/)
  for (const host of ['localhost', '127.0.0.1']) {
    const url = first.url.replace('127.0.0.1', host)
    assert.equal(await statusOf(url, pem), 200)
  }
  assert.equal(await first.stop(), 0)
  const second = await serve(['--dev', '--tls'], { folder })
  assert.equal(await statusOf(second.url, pem), 200)
  assert.equal(await second.stop(), 0)
  writeFileSync(cert, 'no certificate')
  const third = await serve(['--dev', '--tls'], { folder })
  assert.equal(await statusOf(third.url, readFileSync(cert, 'utf8')), 200)
  assert.equal(await third.stop(), 0)
})

/** With the certificate as the only one that is trusted, and its names checked. */
function statusOf(url: string, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca, keepAlive: false })
    get(url, { agent }, (response) => resolve(response.resume().statusCode ?? 0)).on('error', reject)
  })
}
