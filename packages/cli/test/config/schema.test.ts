import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ApiOptions } from '@tautline/api'
import type { AdmissionOptions, ChannelRule, RealtimeOptions } from '@tautline/server'
import type { BackendOptions } from '@tautline/server/backend'
import type { JwtOptions } from '@tautline/server/jwt'
import { LIMITS } from '@tautline/wire'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { JSON_SCHEMA, keysAt } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { STARTERS } from '../../src/config/starter.ts'
import { rehearse } from '../../src/serve/rehearse.ts'
import { newFolder } from '../command.ts'

const published = new URL('../../schema/tautline.config.schema.json', import.meta.url)

test('the published JSON Schema is that of the code (node packages/cli/src/write-schema.ts writes it)', () => {
  assert.deepEqual(JSON.parse(readFileSync(published, 'utf8')), JSON.parse(JSON.stringify(JSON_SCHEMA)))
})

test('the JSON Schema is one (2020-12), and agrees with the check on what is right and wrong', async () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false })
  const validate = ajv.compile(JSON.parse(readFileSync(published, 'utf8')))
  const rows: readonly (readonly [unknown, boolean])[] = [
    [{}, true],
    [{ $schema: './x.json', port: 0, channels: { 'a:*': { allow: ['users', { claims: { role: 'a' } }] } } }, true],
    [{ channels: { a: { allow: { subscribe: 'everyone' }, policy: { drop: 5 }, history: { ttl: '5m' } } } }, true],
    [{ monitoring: false, origins: 'any', stop: { timeout: 5_000 } }, true],
    [{ compression: true, channels: { a: { compress: false } } }, true],
    [{ compression: { shared: true, sharedFrom: 10, level: 4, serverMaxWindowBits: 12 } }, true],
    [{ compression: { shared: 'yes' } }, false],
    [{ prot: 1 }, false],
    [{ port: '1' }, false],
    [{ channels: { a: { allow: 'all' } } }, false],
    [{ channels: { a: { history: { ttl: '5 min' } } } }, false],
    [{ origins: ['https://a.example.com/x'] }, false],
  ]
  for (const [config, isRight] of rows) {
    assert.equal(validate(config), isRight, JSON.stringify(config))
    assert.equal(await isTaken(JSON.stringify(config)), isRight, JSON.stringify(config))
  }
})

test('every key is described, down to the leaves that are no plain list', () => {
  for (const key of keysAt([])) assert.ok(key === 'channels' || described(key) || keysAt([key]).length > 0, key)
})

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Part<K extends keyof Config> = keyof Exclude<NonNullable<Config[K]>, false>
type Parts = 'log' | 'clock' | 'random'
type Rule = NonNullable<Config['channels']>[string]

test('every option that is data can be configured, and nothing else', () => {
  // The compiler decides: `true` is the type only where the names are the same.
  const same: readonly true[] = [
    true satisfies Same<Part<'admission'>, keyof AdmissionOptions>,
    true satisfies Same<keyof Rule, keyof ChannelRule>,
    true satisfies Same<Part<'api'>, Exclude<keyof ApiOptions, Parts>>,
    true satisfies Same<Part<'backend'>, Exclude<keyof BackendOptions, Parts>>,
    true satisfies Same<Part<'jwt'>, Exclude<keyof JwtOptions, Parts>>,
    true satisfies Same<Exclude<keyof RealtimeOptions, keyof Config>, 'clock' | 'random' | 'broker' | 'presence'>,
  ]
  assert.equal(same.length, 6)
})

test('the limits are those of the wire', () => {
  const internal = ['key', 'state', 'method', 'epoch', 'features', 'cursor']
  assert.deepEqual(
    [...keysAt(['limits'])].sort(),
    Object.keys(LIMITS)
      .filter((name) => !internal.includes(name))
      .sort(),
  )
})

test('what `config init` writes is right as it is, as TypeScript and as JSON', async () => {
  const ts = STARTERS.ts.replace("'@tautline/cli'", `'${new URL('../../src/mod.ts', import.meta.url).href}'`)
  const configs = []
  for (const [name, text] of [
    ['tautline.config.ts', ts],
    ['tautline.config.json', STARTERS.json],
  ] as const) {
    const folder = newFolder({ [name]: text })
    const loaded = await loadConfig({ file: undefined, folder, environment: {}, flags: [] })
    await rehearse(loaded)
    const { $schema: _, ...config } = loaded.config
    configs.push(config)
  }
  assert.deepEqual(configs[0], configs[1])
})

test('what the starter holds behind // is right, too', async () => {
  const text = STARTERS.json.replace(/^ {2}\/\/ ((?:"| {2}|\}).*)$/gm, '  $1').replace(/\}\n\}\n$/, '}\n}\n')
  const folder = newFolder({ 'cert.pem': '', 'key.pem': '' })
  const file = join(folder, 'tautline.config.json')
  writeFileSync(file, text)
  const environment = { JWT_SECRET: 'S3CRET-jwt-of-at-least-32-bytes-length', API_KEY: 'S3CRET-api-key-of-24-chars' }
  const { config, secrets } = await loadConfig({ file, folder, environment, flags: [] })
  assert.ok(config.jwt !== undefined && config.api !== undefined && config.tls !== undefined)
  assert.equal(config.jwt.issuers[0]?.secret, environment.JWT_SECRET)
  assert.deepEqual(secrets, [environment.JWT_SECRET, environment.API_KEY])
})

test('a secret is read from a variable, a file and a text with a placeholder', async () => {
  const secret = 'S3CRET-of-thirty-two-bytes-or-more'
  const issuer = { issuer: 'i', audience: 'a', algorithms: ['HS256'] }
  const folder = newFolder({ 'secret.txt': `${secret}\n` })
  const file = join(folder, 'tautline.config.json')
  for (const written of [{ env: 'NAME' }, { file: 'secret.txt' }, `\${NAME}`, secret]) {
    writeFileSync(file, JSON.stringify({ jwt: { issuers: [{ ...issuer, secret: written }] } }))
    const { config, secrets } = await loadConfig({ file, folder, environment: { NAME: secret }, flags: [] })
    assert.equal(config.jwt?.issuers[0]?.secret, secret)
    assert.deepEqual(secrets, [secret])
  }
})

function described(key: string): boolean {
  return JSON_SCHEMA.properties?.[key]?.description !== undefined
}

async function isTaken(text: string): Promise<boolean> {
  const folder = newFolder({ 'tautline.config.json': text })
  return loadConfig({ file: undefined, folder, environment: {}, flags: [] }).then(
    () => true,
    () => false,
  )
}
