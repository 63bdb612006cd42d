// What is published: server and client with all they need, built, packed, installed, and run by plain Node as a
// stranger would run it. No part of the repository's sources, settings or conditions is in reach.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const folder = mkdtempSync(join(tmpdir(), 'tautline-packed-'))
const { NODE_OPTIONS: _, ...clean } = process.env
const PACKAGES = ['protocol', 'websocket', 'wire', 'contract', 'broker', 'server', 'client'] as const

function run(command: string, values: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, values, {
      cwd,
      encoding: 'utf8',
      env: clean,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    })
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    throw new Error(`${command} ${values.join(' ')}:\n${stdout}${stderr}`)
  }
}

const tsc = (values: readonly string[], cwd: string): string =>
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...values], cwd)

/** Packs a folder; the name of the tarball. */
function pack(path: string, ...more: readonly string[]): string {
  return run('npm', ['pack', '--pack-destination', folder, '--silent', ...more], path)
    .trim()
    .split('\n')
    .at(-1) as string
}

const tarballs: Map<string, string> = new Map()

const PROGRAM = `
import { createServer } from 'node:http'
import { once } from 'node:events'
import { SqliteBroker } from '@tautline/broker/sqlite'
import { Client } from '@tautline/client'
import { createRealtime } from '@tautline/server'

const broker = await SqliteBroker.open({ file: process.argv[2] })
const realtime = createRealtime({ allow: 'everyone', broker, channels: { 'chat:*': { history: { size: 100, ttl: '1h' }, presence: true } } })
realtime.rpc('sum', (numbers) => numbers.reduce((a, b) => a + b, 0))
const http = createServer((request, response) => response.end('plain'))
realtime.attach(http)
http.listen(0, '127.0.0.1')
await once(http, 'listening')
const url = 'http://127.0.0.1:' + http.address().port
console.log(await (await fetch(url)).text())
const client = new Client(url + '/realtime')
const chat = client.channel('chat:1')
await chat.publish({ text: 'one' })
await realtime.publish('chat:1', { text: 'two' })
const heard = []
for await (const { data } of chat.subscribe({ last: 10 })) {
  heard.push(data.text)
  if (heard.length === 2) await chat.publish({ text: 'three' })
  if (heard.length === 3) break
}
console.log(heard.join(' '), await client.call('sum', [1, 2, 3]), (await chat.history()).messages.length)
client.close()
await realtime.close()
http.close()
await broker.close()
console.log('closed')
`

before(() => {
  tsc(['-b', 'packages/server', 'packages/client'], root)
  for (const name of PACKAGES) tarballs.set(`@tautline/${name}`, pack(join(root, 'packages', name)))
  const files = Object.fromEntries(Array.from(tarballs, ([name, file]) => [name, `file:${join(folder, file)}`]))
  const { '@tautline/server': server, '@tautline/client': client, ...overrides } = files
  const dependencies = {
    '@tautline/server': server,
    '@tautline/client': client,
    '@tautline/broker': files['@tautline/broker'],
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies,
      overrides: { ...overrides, '@tautline/broker': '$@tautline/broker' },
    }),
  )
  // What comes from elsewhere comes from where it was installed from here.
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], folder)
  writeFileSync(join(folder, 'program.js'), PROGRAM)
})

after(() => rmSync(folder, { recursive: true }))

test('installed from its tarballs it runs a program on this Node, without any condition, and lets it end', () => {
  assert.equal(run(process.execPath, ['program.js', './a.db'], folder), 'plain\none two three 6 3\nclosed\n')
})

test('and on the Node of the system', (t) => {
  const others = ['/usr/local/bin/node', '/usr/bin/node'].filter((path) => existsSync(path))
  const fit = others.filter((path) => {
    const [major = 0, minor = 0] = run(path, ['--version'], folder).slice(1).split('.').map(Number)
    return major > 22 || (major === 22 && minor >= 13)
  })
  if (fit.length === 0) return t.skip(`missing: a Node of the system from 22.13 on (${others.join(', ') || 'none'})`)
  for (const [i, path] of fit.entries()) {
    assert.equal(run(path, ['program.js', `./system-${i}.db`], folder), 'plain\none two three 6 3\nclosed\n')
  }
})

test('its types serve a program in TypeScript', () => {
  writeFileSync(
    join(folder, 'typed.ts'),
    `import { Client, type Message } from '@tautline/client'
import { createRealtime, RealtimeError, type RealtimeOptions } from '@tautline/server'
const options: RealtimeOptions = { channels: { 'chat:*': { history: { size: 100, ttl: '1h' } } } }
export const realtime = createRealtime(options).onConnect(({ token }) => {
  if (token === undefined) throw new RealtimeError('unauthorized')
  return { user: token }
})
export const client = new Client('http://localhost/realtime', { token: async () => 'ann' })
client.channel<{ text: string }>('chat:1').subscribe((message: Message<{ text: string }>) => console.log(message.data.text))
// @ts-expect-error there is no such option
createRealtime({ chanels: {} })
`,
  )
  const types = join(root, 'node_modules/@types')
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom']
  tsc([...flags, '--ignoreConfig', '--typeRoots', types, '--types', 'node', 'typed.ts'], folder)
})

test('the tarballs hold what is needed, and no sources, tests or maps', () => {
  for (const name of PACKAGES) {
    const names = run('tar', ['tzf', tarballs.get(`@tautline/${name}`) as string], folder)
      .trim()
      .split('\n')
    for (const wanted of ['package.json', 'dist/mod.js', 'dist/mod.d.ts']) {
      assert.ok(names.includes(`package/${wanted}`), `${name}: ${wanted}`)
    }
    assert.deepEqual(
      names.filter((file) => /\/(src|test)\/|\.map$|\.tsbuildinfo$/.test(file)),
      [],
    )
  }
  assert.equal(
    readdirSync(join(folder, 'node_modules'))
      .filter((one) => !one.startsWith('.'))
      .join(' '),
    '@msgpack @standard-schema @tautline jose',
  )
})
