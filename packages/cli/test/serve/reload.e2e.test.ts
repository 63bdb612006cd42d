// SIGHUP: rules, keys, origins and limits change under clients that stay; what is wrong changes nothing.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newFolder, run, type Server, serve } from '../command.ts'
import { closeAll, connect, reached } from './clients.ts'

after(closeAll)

const FILE = 'tautline.config.json'

async function reload(
  server: Server,
  folder: string,
  config: unknown,
  event = 'configuration taken over',
): Promise<void> {
  writeFileSync(join(folder, FILE), typeof config === 'string' ? config : JSON.stringify(config))
  const before = server.lines().length
  server.child.kill('SIGHUP')
  await server.line(event, before)
}

test('rules change without dropping anybody: what is forbidden now ends, all else goes on', async () => {
  const rules = { 'a:*': { allow: 'everyone' }, 'b:*': { allow: 'everyone' } }
  const folder = newFolder({ [FILE]: JSON.stringify({ channels: rules }) })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  const states: string[] = []
  client.on('state', ({ state }) => states.push(state))
  const got: unknown[] = []
  const [a, b] = [client.channel('a:1'), client.channel('b:1')]
  const stays = a.subscribe({ onMessage: ({ data }) => got.push(data) })
  const ends = b.subscribe({})
  await Promise.all([reached(stays, 'live'), reached(ends, 'live')])
  await a.publish(1)
  await reload(server, folder, { channels: { ...rules, 'b:*': { allow: 'nobody' }, 'c:*': { allow: 'everyone' } } })
  await reached(ends, 'stopped')
  await a.publish(2)
  await client.channel('c:1').publish('new')
  await assert.rejects(b.publish(1), { code: 'forbidden' })
  await stays.reached((await a.publish(3)).position ?? assert.fail())
  assert.deepEqual(
    [got, states],
    [
      [1, 2, 3],
      ['connecting', 'connected'],
    ],
  )
  assert.equal(await server.stop(), 0)
})

test('a configuration that is wrong changes nothing, and every problem of it is in the log', async () => {
  const folder = newFolder({ [FILE]: JSON.stringify({ allow: 'everyone' }) })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  await client.channel('a').publish(1)
  const bad = ['{ "allow": "nobdy", "prot": 1 }', '{ "allow": ', '{ "cookies": true, "allow": "nobody" }']
  for (const text of bad) {
    await reload(server, folder, text, 'configuration kept')
    await client.channel('a').publish(2)
  }
  const problems = server.lines().filter(({ event }) => event === 'configuration is wrong')
  assert.deepEqual(
    problems.map(({ problem }) => /json:(\d+:\d+)/.exec(String(problem))?.[1]),
    ['1:12', '1:21', '1:11', '1:14'],
  )
  assert.match(String(problems[0]?.['problem']), /did you mean 'nobody'\?/)
  await reload(server, folder, { allow: 'everyone' })
  assert.equal(client.state, 'connected')
  assert.equal(await server.stop(), 0)
})

test('what cannot change while it runs is named and stays', async () => {
  const folder = newFolder({ [FILE]: JSON.stringify({ allow: 'everyone', path: '/a' }) })
  const server = await serve([], { folder })
  await reload(server, folder, {
    ...{ allow: 'everyone', path: '/b', window: 5_000, limits: { body: 5 } },
    ...{ store: { type: 'sqlite', file: 'x' }, node: 'other', log: { level: 'debug' } },
  })
  const { settings, level } = await server.line('needs a restart')
  assert.deepEqual([settings, level], ['path, store, limits, window, node', 'warn'])
  const client = connect(server.realtime)
  assert.match(server.realtime, /\/a$/)
  await client.channel('a').publish('more than five bytes')
  assert.equal(await server.stop(), 0)
})

test('keys of tokens and of the HTTP API change: new ones hold at once, whoever is connected stays', async () => {
  const config = (jwt: string, api: string): unknown => ({
    channels: { 'a:*': { allow: 'users' } },
    jwt: { issuers: [{ issuer: 'i', audience: 'a', algorithms: ['HS256'], secret: jwt }] },
    api: { keys: [{ name: 'backend', secret: api, scopes: ['*'] }] },
  })
  const [firstJwt, firstApi] = ['S3CRET-first-of-thirty-two-bytes-length', 'S3CRET-first-api-key-of-24']
  const [secondJwt, secondApi] = ['S3CRET-second-of-thirty-two-bytes-long', 'S3CRET-second-api-key-of-24']
  const folder = newFolder({ [FILE]: JSON.stringify(config(firstJwt, firstApi)) })
  const server = await serve([], { folder })
  const token = async (): Promise<string> => (await run(['token', '--user', 'ann'], { folder })).output.trim()
  const old = await token()
  const ann = connect(server.realtime, { token: old })
  await ann.channel('a:1').publish(1)
  await reload(server, folder, config(secondJwt, secondApi))
  await ann.channel('a:1').publish(2)
  const late = connect(server.realtime, { token: old })
  late.connect()
  await reached(late, 'stopped')
  const bob = connect(server.realtime, { token: await token() })
  await bob.channel('a:1').publish(3)
  const facts = (key: string): Promise<number> =>
    fetch(`${server.url}/api/v1/info`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status)
  assert.deepEqual([await facts(firstApi), await facts(secondApi)], [401, 200])
  assert.equal(await server.stop(), 0)
  assert.doesNotMatch(server.output(), /S3CRET|eyJ/)
})

test('origins and limits change', async () => {
  const page = 'https://app.example.com'
  const folder = newFolder({ [FILE]: JSON.stringify({ allow: 'everyone', origins: ['https://other.example.com'] }) })
  const server = await serve([], { folder })
  const handshake = async (): Promise<number> => {
    const { request } = await import('node:http')
    return new Promise((resolve, reject) => {
      const asked = request(`${server.url}/realtime`, {
        headers: {
          ...{ connection: 'Upgrade', upgrade: 'websocket', origin: page },
          ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
        },
      })
      asked.on('response', (response) => resolve(response.resume().statusCode ?? 0))
      asked.on('upgrade', (_response, stream) => {
        stream.destroy()
        resolve(101)
      })
      asked.on('error', reject)
      asked.end()
    })
  }
  assert.equal(await handshake(), 403)
  await reload(server, folder, { allow: 'everyone', origins: [page] })
  assert.equal(await handshake(), 101)
  const client = connect(server.realtime)
  client.connect()
  await reached(client, 'connected')
  await reload(server, folder, { allow: 'everyone', origins: [page], admission: { connections: 1 } })
  assert.equal(await handshake(), 503)
  assert.equal(client.state, 'connected')
  assert.equal(await server.stop(), 0)
})

test('a burst of signals is one reload after another, and the last file holds', async () => {
  const folder = newFolder({ [FILE]: JSON.stringify({ allow: 'everyone' }) })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  await client.channel('a').publish(1)
  for (let i = 0; i < 50; i++) server.child.kill('SIGHUP')
  await server.line('configuration taken over')
  writeFileSync(join(folder, FILE), JSON.stringify({ allow: 'nobody', node: 'last' }))
  server.child.kill('SIGHUP')
  // Said of this file alone.
  await server.line('needs a restart')
  await assert.rejects(client.channel('a').publish(2), { code: 'forbidden' })
  assert.equal(await server.stop(), 0)
  assert.ok(server.lines().length < 30)
})

test('a configuration in TypeScript is read anew with all that it imports', async () => {
  const rules = (allow: string): string =>
    `export const rules: Record<string, object> = { 'a:*': { allow: '${allow}' } }\n`
  const folder = newFolder({
    'rules.ts': rules('everyone'),
    'tautline.config.ts': `import { rules } from './rules.ts'\nexport default { channels: rules, allow: 'everyone' as const }\n`,
  })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  await client.channel('a:1').publish(1)
  writeFileSync(join(folder, 'rules.ts'), rules('nobody'))
  server.child.kill('SIGHUP')
  await server.line('configuration taken over')
  await assert.rejects(client.channel('a:1').publish(2), { code: 'forbidden' })
  assert.equal(await server.stop(), 0)
})
