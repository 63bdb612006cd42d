import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment, variables } from '../../src/config/environment.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { newFolder } from '../command.ts'

test('every setting has a variable, by one rule', async () => {
  const config = await configOf({
    TAUTLINE_PORT: '8081',
    TAUTLINE_HOST: '127.0.0.1',
    TAUTLINE_ADMISSION__PER_USER: '7',
    TAUTLINE_ADMISSION__TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.1',
    TAUTLINE_STORE__TYPE: 'sqlite',
    TAUTLINE_STORE__FILE: '/tmp/x.sqlite',
    TAUTLINE_CHANNELS: '{ "chat:*": { "allow": "users" } }',
    TAUTLINE_ORIGINS: 'https://a.example.com,https://b.example.com',
    TAUTLINE_COOKIES: 'true',
    TAUTLINE_MONITORING: 'false',
    TAUTLINE_STOP__TIMEOUT: '3s',
    TAUTLINE_COMPRESSION__SHARED: 'true',
    TAUTLINE_COMPRESSION__SHARED_FROM: '20',
    TAUTLINE_JWT__ISSUERS: '[{ "issuer": "i", "audience": "a", "algorithms": ["HS256"] }]',
    TAUTLINE_JWT__ISSUERS__0__SECRET: 'S3CRET-of-the-environment-32-bytes',
  })
  assert.deepEqual(config, {
    port: 8081,
    host: '127.0.0.1',
    admission: { perUser: 7, trustedProxies: ['10.0.0.0/8', '192.168.1.1'] },
    store: { type: 'sqlite', file: '/tmp/x.sqlite' },
    channels: { 'chat:*': { allow: 'users' } },
    origins: ['https://a.example.com', 'https://b.example.com'],
    cookies: true,
    monitoring: false,
    stop: { timeout: '3s' },
    compression: { shared: true, sharedFrom: 20 },
    jwt: {
      issuers: [{ issuer: 'i', audience: 'a', algorithms: ['HS256'], secret: 'S3CRET-of-the-environment-32-bytes' }],
    },
  })
})

test('one word for a setting that takes a word or a list', async () => {
  assert.equal((await configOf({ TAUTLINE_ORIGINS: 'any' })).origins, 'any')
  assert.equal((await configOf({ TAUTLINE_ALLOW: 'everyone' })).allow, 'everyone')
  assert.equal((await configOf({ TAUTLINE_COMPRESSION: 'true' })).compression, true)
  assert.deepEqual((await configOf({ TAUTLINE_ALLOW: 'users,token' })).allow, ['users', 'token'])
})

const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ['TAUTLINE_PRT', '1', /TAUTLINE_PRT is no setting: did you mean TAUTLINE_PORT\?/],
  ['TAUTLINE_ADMISSION__CONECTIONS', '1', /did you mean TAUTLINE_ADMISSION__CONNECTIONS\?/],
  ['TAUTLINE_ADMISSION_CONNECTIONS', '1', /did you mean TAUTLINE_ADMISSION__CONNECTIONS\?/],
  ['TAUTLINE_LOG__LEVEL', 'inf', /TAUTLINE_LOG__LEVEL must be one of .* not 'inf': did you mean 'info'\?/],
  ['TAUTLINE_PORT', 'x', /TAUTLINE_PORT must be a whole number/],
  ['TAUTLINE_PORT', '70000', /TAUTLINE_PORT must be a whole number of at most 65535, not 70000/],
  ['TAUTLINE_COOKIES', 'yes', /TAUTLINE_COOKIES must be true or false/],
  ['TAUTLINE_CHANNELS', '{', /TAUTLINE_CHANNELS must be an object in JSON/],
  ['TAUTLINE_CHANNELS__CHAT', '{}', /TAUTLINE_CHANNELS__CHAT is no setting/],
  [
    'TAUTLINE_CHANNELS',
    '{ "a": { "allow": "nobdy" } }',
    /TAUTLINE_CHANNELS a allow must be .* did you mean 'nobody'\?/,
  ],
]

test('a variable that is wrong is refused by its name, with what was meant', async (t) => {
  for (const [variable, text, expected] of WRONG) {
    await t.test(`${variable}=${text}`, () => assert.rejects(configOf({ [variable]: text }), expected))
  }
})

test('what Kubernetes says of a service called tautline is no setting of ours', () => {
  const { given, wrong } = readEnvironment({
    TAUTLINE_PORT: 'tcp://10.0.0.1:8080',
    TAUTLINE_SERVICE_HOST: '10.0.0.1',
    TAUTLINE_SERVICE_PORT: '8080',
    TAUTLINE_SERVICE_PORT_WS: '8080',
    TAUTLINE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    TAUTLINE_PORT_8080_TCP_ADDR: '10.0.0.1',
  })
  assert.deepEqual([given, wrong], [[], []])
})

test('flags win over variables, variables over the file, and only the file is left where they are silent', async () => {
  const folder = newFolder({
    'tautline.config.json': '{ "port": 1, "host": "127.0.0.1", "path": "/file", "log": { "level": "warn" } }',
  })
  const { config } = await loadConfig({
    ...{ file: undefined, folder },
    environment: { TAUTLINE_PORT: '2', TAUTLINE_PATH: '/variable' },
    flags: [{ flag: '--port', path: ['port'], value: 3 }],
  })
  assert.deepEqual(config, { port: 3, host: '127.0.0.1', path: '/variable', log: { level: 'warn' } })
})

test('no two settings have one variable', () => {
  const names = variables()
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.includes('TAUTLINE_JWT__ANONYMOUS') && names.includes('TAUTLINE_BACKEND__EVENTS__CONNECT'))
})

async function configOf(environment: Readonly<Record<string, string>>): Promise<Config> {
  return (await loadConfig({ file: undefined, folder: newFolder(), environment, flags: [] })).config
}

test('a variable that the file reads itself may be called as it likes', async () => {
  const issuer = { issuer: 'i', audience: 'a', algorithms: ['HS256'], secret: { env: 'TAUTLINE_JWT_SECRET' } }
  const folder = newFolder({
    'tautline.config.json': JSON.stringify({ jwt: { issuers: [issuer] }, host: `\${TAUTLINE_ADDRESS}` }),
  })
  const environment = {
    TAUTLINE_JWT_SECRET: 'S3CRET-of-the-environment-32-bytes',
    TAUTLINE_ADDRESS: '127.0.0.1',
    TAUTLINE_KEY: 'S3CRET',
  }
  const { config } = await loadConfig({ file: undefined, folder, environment, flags: [] })
  assert.equal(config.host, '127.0.0.1')
})
