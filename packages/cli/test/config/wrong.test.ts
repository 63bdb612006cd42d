// Configurations that are wrong, one row each: what is written, where it is told, and what is suggested.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError, describe } from '../../src/config/problem.ts'
import { rehearse } from '../../src/serve/rehearse.ts'
import { newFolder } from '../command.ts'

const SECRET = 'S3CRET-that-nobody-may-ever-read-anywhere'

/** [name, what is written, the beginning of each line that tells a problem] */
const JSON_ROWS: readonly (readonly [string, string, readonly string[]])[] = [
  ['an unknown key', '{ "prot": 1 }', ["1:3  prot is not known: did you mean 'port'?"]],
  [
    'an unknown key that is like none',
    '{ "zzzzzzzzzz": 1 }',
    ["1:3  zzzzzzzzzz is not known: known are '$schema', 'port'"],
  ],
  ['a number as text', '{\n  "port": "80"\n}', ["2:11  port must be a whole number, not '80': write 80"]],
  ['a port that is none', '{ "port": 70000 }', ['1:11  port must be a whole number of at most 65535, not 70000']],
  [
    'a flag as text',
    '{ "cookies": "true", "origins": [] }',
    ["1:14  cookies must be true or false, not 'true': write true"],
  ],
  [
    'a word',
    '{ "store": { "type": "sqllite", "file": "x" } }',
    ["1:22  store.type must be one of 'memory', 'sqlite', not 'sqllite': did you mean 'sqlite'?"],
  ],
  [
    'a store without file',
    '{ "store": { "type": "sqlite" } }',
    ["1:12  store needs a file: { type: 'sqlite', file: './tautline.sqlite' }"],
  ],
  [
    'a file in memory',
    '{ "store": { "type": "memory", "file": "x" } }',
    ["1:32  store.file has no meaning with type: 'memory'"],
  ],
  [
    'a folder that is not there',
    '{ "store": { "type": "sqlite", "file": "no/where/x" } }',
    ['1:40  store.file is in a folder that is not there'],
  ],
  [
    'allow',
    '{ "allow": "everyon" }',
    [
      "1:12  allow must be 'everyone', 'users', 'rights', 'token', 'nobody', { claims: … } or a list of them, not 'everyon': did you mean 'everyone'?",
    ],
  ],
  [
    'allow by an action that is none',
    '{ "channels": { "a": { "allow": { "subscribes": "users" } } } }',
    ["1:35  channels.a.allow.subscribes is not known: did you mean 'subscribe'?"],
  ],
  [
    'a claim that is none',
    '{ "channels": { "a:*": { "allow": ["users", { "claim": {} }] } } }',
    [
      "1:45  channels['a:*'].allow[1].claims is missing",
      "1:47  channels['a:*'].allow[1].claim is not known: did you mean 'claims'?",
    ],
  ],
  [
    'a rule',
    '{ "channels": { "chat:*": { "presense": true } } }',
    ["1:29  channels['chat:*'].presense is not known: did you mean 'presence'?"],
  ],
  [
    'a duration',
    '{ "channels": { "c": { "history": { "ttl": "5 min" } } } }',
    ["1:44  channels.c.history.ttl must be a duration such as '30s' or '5m', not '5 min': write '5m'"],
  ],
  [
    'a pattern',
    '{ "channels": { "a b": {} } }',
    ["1:17  channels['a b'] is neither a pattern nor a channel name: it has a character that is not printable ASCII"],
  ],
  [
    'history without a log',
    '{ "channels": { "c": { "log": false, "history": {} } } }',
    ['1:38  channels.c.history has no meaning with log: false'],
  ],
  [
    'who comes and goes without presence',
    '{ "channels": { "c": { "joinLeave": true } } }',
    ['1:24  channels.c.joinLeave needs presence'],
  ],
  [
    'an origin that is no list',
    '{ "origins": "https://app.example.com" }',
    [
      "1:14  origins must be 'any' or a list of origins such as ['https://app.example.com'], not 'https://app.example.com': write ['https://app.example.com']",
    ],
  ],
  [
    'an origin with a path',
    '{ "origins": ["https://app.example.com/x"] }',
    [
      "1:15  origins[0] must be an origin such as https://app.example.com, without path and wildcard, not 'https://app.example.com/x': write 'https://app.example.com'",
    ],
  ],
  ['cookies without origins', '{ "cookies": true }', ['1:14  cookies needs origins']],
  [
    'cookies from anywhere',
    '{ "cookies": true, "origins": "any" }',
    ["1:31  origins must not be 'any' with cookies: true"],
  ],
  ['limits', '{ "limits": { "body": 2000000 } }', ['1:23  limits.body is 2000000, more than limits.frame (1048576)']],
  [
    'compression from so many on, of what is not shared',
    '{ "compression": { "sharedFrom": 20 } }',
    ['1:20  compression.sharedFrom has no meaning without shared: true'],
  ],
  [
    'admission',
    '{ "admission": { "conections": 5 } }',
    ["1:18  admission.conections is not known: did you mean 'connections'?"],
  ],
  [
    'admission, too few',
    '{ "admission": { "connections": 0 } }',
    ['1:33  admission.connections must be a whole number of at least 1, not 0'],
  ],
  ['metrics on the public port', '{ "monitoring": { "port": 8080 } }', ['1:27  monitoring.port is the public port']],
  [
    'an issuer without key',
    '{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["RS256"] }] } }',
    ['1:24  jwt.issuers[0] has no key: give it one of jwks, publicKey and secret'],
  ],
  [
    'an algorithm',
    `{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["HS265"], "secret": "${SECRET}" }] } }`,
    ["1:73  jwt.issuers[0].algorithms[0] must be one of 'HS256'"],
  ],
  [
    'an algorithm of another kind',
    `{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["RS256"], "secret": "${SECRET}" }] } }`,
    ['1:72  jwt.issuers[0].algorithms names RS256, but secret is for HS256'],
  ],
  [
    'algorithm none',
    `{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["none"], "secret": "${SECRET}" }] } }`,
    ["1:73  jwt.issuers[0].algorithms[0] must be one of 'HS256'"],
  ],
  [
    'a short secret',
    '{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["HS256"], "secret": "S3CRET-short" }] } }',
    ['1:93  jwt.issuers[0].secret'],
  ],
  [
    'a secret that is no text',
    '{ "backend": { "url": "http://localhost/", "secret": 1234567, "events": {} } }',
    ['1:54  backend.secret must be a secret, or a list of secrets, not the number that is there'],
  ],
  [
    'a secret of the environment',
    '{ "api": { "keys": [{ "name": "a", "secret": { "env": "NO_SUCH" }, "scopes": ["*"] }] } }',
    ['1:55  api.keys[0].secret.env needs the environment variable NO_SUCH, which is not set'],
  ],
  [
    'a secret of a file',
    '{ "api": { "keys": [{ "name": "a", "secret": { "file": "nowhere" }, "scopes": ["*"] }] } }',
    ['1:56  api.keys[0].secret.file cannot be read'],
  ],
  [
    'a variable in a text',
    `{ "backend": { "url": "\${NO_SUCH}", "secret": "S3CRET-x", "events": { "rpc": true } } }`,
    ['1:23  backend.url needs the environment variable NO_SUCH'],
  ],
  [
    'a scope',
    '{ "api": { "keys": [{ "name": "a", "hash": "sha256:0", "scopes": ["publsh"] }] } }',
    [
      "1:44  api.keys[0].hash must be 'sha256:' and 64 hexadecimal digits",
      "1:67  api.keys[0].scopes[0] must be one of 'publish', ",
    ],
  ],
  [
    'two who decide',
    `{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["HS256"], "secret": "${SECRET}" }] }, "backend": { "url": "http://localhost/", "secret": "whsec_S3CRETS3CRETS3CRETS3CRETS3CRETS3CRET", "events": { "connect": true } } }`,
    ['and jwt would both say who a client is'],
  ],
  [
    'an event without URL',
    '{ "backend": { "secret": "S3CRET-x", "events": { "publish": true } } }',
    ['1:61  backend.events.publish has nowhere to go'],
  ],
  ['a key twice', '{\n  "port": 1,\n  "port": 2\n}', ["3:3  has the key 'port' twice"]],
  ['a comma too few', '{\n  "port": 1\n  "host": "a"\n}', ['3:3  is no JSON']],
  ['no object', '[1]', ['1:1  must be an object, not [1]']],
  ['a certificate that is not there', '{ "tls": { "cert": "a.pem", "key": "b.pem" } }', ['1:10  tls the certificate ']],
  ['a contract that is not there', '{ "contract": "./nowhere.ts" }', ['1:15  contract Cannot find module']],
]

test('what is wrong in JSON is told with its line, what is expected and what was meant', async (t) => {
  for (const [name, text, expected] of JSON_ROWS) {
    await t.test(name, async () => {
      const problems = await problemsOf('tautline.config.json', text)
      for (const one of expected) {
        const found = problems.some((line) => line.includes(/^\d/.test(one) ? `tautline.config.json:${one}` : one))
        assert.ok(found, `${one}\n  is not among\n${problems.join('\n')}`)
      }
      assert.ok(!problems.join('\n').includes('S3CRET'), 'a secret is shown')
    })
  }
})

const IMPORT = `import { defineConfig } from '${new URL('../../src/mod.ts', import.meta.url).href}'\n`

const SCRIPT_ROWS: readonly (readonly [string, string, readonly string[]])[] = [
  ['a key', `${IMPORT}export default defineConfig({\n  prot: 1,\n})`, ["3:3  prot is not known: did you mean 'port'?"]],
  [
    'a value with a type',
    `${IMPORT}export default defineConfig({ port: 70_000 as number } satisfies object)`,
    ['2:37  port must be a whole number of at most 65535'],
  ],
  [
    'through a constant, a spread and types',
    `${IMPORT}interface Rules { [key: string]: object }\nconst rules: Rules = {\n  'chat:*': { histroy: {} },\n}\nexport default defineConfig({ channels: { ...rules } } as never)`,
    ["4:15  channels['chat:*'].histroy is not known: did you mean 'history'?"],
  ],
  [
    'what is worked out is told at what holds it',
    `${IMPORT}const make = (): object => ({ level: 'loud' })\nexport default { log: make() }`,
    ["3:23  log.level must be one of 'debug'"],
  ],
  [
    'a function',
    `export default { port: 1, onConnect: () => true }`,
    ['onConnect is a function: a configuration is data'],
  ],
  [
    'nothing exported',
    `export const config = {}`,
    ['has no default export: write `export default defineConfig({ … })`'],
  ],
  ['it throws', `const a = 1\nthrow new Error('no ' + a)`, ['2:7  failed: no 1']],
  ['it is no script', `export default {{`, ['failed: ']],
  ['it never ends', `await new Promise(() => {})`, ['ended the thread']],
]

test('what is wrong in TypeScript is told with its line', async (t) => {
  for (const [name, text, expected] of SCRIPT_ROWS) {
    await t.test(name, async () => {
      const problems = await problemsOf('tautline.config.ts', text)
      for (const one of expected) {
        assert.ok(
          problems.some((line) => line.includes(one)),
          `${one}\n  is not among\n${problems.join('\n')}`,
        )
      }
    })
  }
})

test('a secret that is not set is told once: nothing is said about the text that it would be', async () => {
  const text = `{ "jwt": { "issuers": [{ "issuer": "a", "audience": "b", "algorithms": ["HS256"], "secret": { "env": "NO_SUCH" } }] } }`
  const problems = await problemsOf('tautline.config.json', text)
  assert.equal(problems.length, 1, problems.join('\n'))
  assert.match(problems[0] ?? '', /needs the environment variable NO_SUCH/)
})

test('all problems are told at once, in the order of the file', async () => {
  const text =
    '{\n "prot": 1,\n "channels": { "a b": {}, "c": { "allow": "nobdy" } },\n "monitoring": { "port": 8080 },\n "log": { "level": 5 }\n}'
  const lines = (await problemsOf('tautline.config.json', text)).map((line) => /:(\d+):/.exec(line)?.[1])
  assert.deepEqual(lines, ['2', '3', '3', '4', '5'])
})

test('a file that was asked for and is not there, and two at once, are refused', async () => {
  await assert.rejects(load(newFolder(), 'nowhere.json'), /nowhere\.json {2}is not there/)
  const both = newFolder({ 'tautline.config.json': '{}', 'tautline.config.ts': 'export default {}' })
  await assert.rejects(load(both), /tautline\.config\.ts and tautline\.config\.json {2}are both there/)
})

async function problemsOf(name: string, text: string): Promise<readonly string[]> {
  const folder = newFolder()
  writeFileSync(join(folder, name), text)
  try {
    await rehearse(await load(folder))
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.map(describe)
  }
}

function load(folder: string, file?: string): ReturnType<typeof loadConfig> {
  return loadConfig({ file, folder, environment: {}, flags: [] })
}
