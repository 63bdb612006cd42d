// The command line: help, suggestions, exit codes, and the commands that do not serve.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jwt } from '@tautline/server/jwt'
import type { Command } from 'commander'
import { createProgram } from '../../src/commands/program.ts'
import { newFolder, run } from '../command.ts'

const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url))
const CONTRACT = fileURLToPath(new URL('./empty-contract.ts', import.meta.url))

test('every command has help that teaches: what it does, every option, examples', () => {
  const look = (command: Command, path: string): void => {
    let text = ''
    command.configureOutput({ writeOut: (part) => (text += part) })
    command.outputHelp()
    assert.match(text, /Examples:\n {2}\$ /, path)
    assert.ok(text.includes(`tautline ${path}`.trim()), path)
    assert.notEqual(command.description(), '', path)
    for (const option of command.options) assert.notEqual(option.description, '', `${path} ${option.flags}`)
    for (const line of text.split('\n')) assert.ok(line.length <= 140, line)
    for (const below of command.commands) look(below, `${path} ${below.name()}`.trim())
  }
  look(createProgram(), '')
})

test('what the command line says wrong ends with 2 and says what was meant', async (t) => {
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['--version'], 0, /^0\.1\.0\n$/],
    [['--help'], 0, /tautline serve --dev/],
    [['serv'], 2, /Did you mean serve\?/],
    [['config', 'chek'], 2, /Did you mean check\?/],
    [['serve', '--prt', '1'], 2, /Did you mean --port\?/],
    [['serve', '--port', 'x'], 2, /It must be a number from 0 to 65535/],
    [['serve', '--log-format', 'xml'], 2, /Allowed choices are json, pretty/],
    [['serve', '--config', 'nowhere.json'], 2, /nowhere\.json {2}is not there/],
    [['config', 'check'], 2, /There is no tautline\.config\.ts or \.json here/],
    [['token'], 2, /No issuer of the configuration has a secret/],
    [['config', 'check', '/'], 2, /is a folder: name the file in it/],
    [['contract', 'diff', 'a.json', 'b.json'], 2, /^a\.json is not there/],
    [['contract', 'export', 'a.ts'], 2, /^a\.ts is not there\.\n$/],
    [['contract', 'export', PACKAGE], 2, /is no module: name the one that it was exported from/],
    [['contract', 'export', CONTRACT, '-o', '/no/such/a.json'], 1, /^\/no\/such\/a\.json cannot be written: ENOENT/],
  ]
  for (const [args, code, expected] of rows) {
    await t.test(args.join(' '), async () => {
      const ended = await run(args)
      assert.match(ended.output, expected)
      assert.equal(ended.code, code)
    })
  }
})

test('config init writes what config check takes, and replaces nothing', async () => {
  const folder = newFolder()
  assert.equal((await run(['config', 'init', '--json'], { folder })).code, 0)
  const checked = await run(['config', 'check'], { folder })
  assert.deepEqual(checked, { code: 0, output: 'tautline.config.json is right.\n' })
  const again = await run(['config', 'init', '--json'], { folder })
  assert.equal(again.code, 2)
  assert.match(again.output, /is there already: say --force/)
  assert.equal((await run(['config', 'init', '--json', '--force'], { folder })).code, 0)
})

test('config init in TypeScript is right in a folder where nothing is installed', async () => {
  const folder = newFolder()
  assert.equal((await run(['config', 'init'], { folder })).code, 0)
  assert.deepEqual(await run(['config', 'check'], { folder }), { code: 0, output: 'tautline.config.ts is right.\n' })
})

test('config check lists all that is wrong with file, line and column, and ends with 2', async () => {
  const folder = newFolder({ 'tautline.config.json': '{\n  "prot": 1,\n  "log": { "level": "loud" }\n}' })
  const { code, output } = await run(['config', 'check'], { folder, env: { TAUTLINE_PRT: '1' } })
  assert.equal(code, 2)
  assert.deepEqual(output.trim().split('\n'), [
    'environment  TAUTLINE_PRT is no setting: did you mean TAUTLINE_PORT?',
    "tautline.config.json:2:3  prot is not known: did you mean 'port'?",
    "tautline.config.json:3:21  log.level must be one of 'debug', 'info', 'warn', 'error', 'silent', not 'loud'",
    '',
    '3 problems in the configuration.',
  ])
})

test('config schema prints the JSON Schema', async () => {
  const { code, output } = await run(['config', 'schema'])
  assert.equal(code, 0)
  assert.equal(JSON.parse(output).$schema, 'https://json-schema.org/draft/2020-12/schema')
})

test('token signs what the server takes: to connect, or for a channel', async () => {
  const issuer = {
    ...{ issuer: 'https://app.example.com', audience: 'realtime', algorithms: ['HS256'] as const },
    secret: 'S3CRET-of-thirty-two-bytes-at-the-least',
  }
  const folder = newFolder({ 'tautline.config.json': JSON.stringify({ jwt: { issuers: [issuer] } }) })
  const tokens = jwt({ issuers: [issuer] })
  const args = [
    'token',
    '--user',
    'ann',
    '--expires',
    '5m',
    '--info',
    '{"name":"Ann"}',
    '--rights',
    '[{"channels":"a:*"}]',
  ]
  const { code, output } = await run(args, { folder })
  assert.equal(code, 0, output)
  const grant = await tokens.verify(output.trim())
  assert.deepEqual([grant.user, grant.info, grant.rights], ['ann', { name: 'Ann' }, [{ channels: ['a:*'] }]])
  const channel = await run(['token', '--user', 'ann', '--channel', 'a:1'], { folder })
  await assert.rejects(tokens.verify(channel.output.trim()), { code: 'unauthorized' })
  const right = await tokens.channel(channel.output.trim(), 'a:1', { user: 'ann', peer: 'p', info: undefined })
  assert.deepEqual([right.channels].flat(), ['a:1'])
  const wrong = await run(['token', '--expires', 'soon'], { folder })
  assert.equal(wrong.code, 2)
  assert.match(wrong.output, /The token cannot be signed: expires must be a duration/)
  tokens.close()
})

function contractOf(message: string): string {
  return `import { defineContract } from '${import.meta.resolve('@tautline/contract')}'
import { z } from '${import.meta.resolve('zod')}'
export const contract = defineContract({ channels: { 'chat:*': { message: ${message} } } })
`
}

test('contract export writes a document, and contract diff says what would break clients', async () => {
  const folder = newFolder({
    'old.ts': contractOf('z.object({ text: z.string() })'),
    'same.ts': contractOf('z.object({ text: z.string() })'),
    'breaking.ts': contractOf('z.object({ text: z.string(), room: z.string() })'),
    'nothing.ts': 'export const x = 1\n',
  })
  assert.equal((await run(['contract', 'export', 'old.ts', '-o', 'old.json'], { folder })).code, 0)
  assert.ok(existsSync(join(folder, 'old.json')))
  const same = await run(['contract', 'diff', 'old.json', 'same.ts'], { folder })
  assert.deepEqual(same, { code: 0, output: '0 breaking, 0 unknown, 0 safe\n' })
  const breaking = await run(['contract', 'diff', 'old.json', 'breaking.ts'], { folder })
  assert.equal(breaking.code, 3)
  assert.match(breaking.output, /^breaking {2}.*room.*\n/)
  const back = await run(['contract', 'diff', 'breaking.ts', 'old.ts'], { folder })
  assert.doesNotMatch(back.output, /undefined/)
  const nothing = await run(['contract', 'export', 'nothing.ts'], { folder })
  assert.equal(nothing.code, 2)
  assert.match(nothing.output, /nothing\.ts exports no contract: write `export const contract = defineContract/)
  writeFileSync(join(folder, 'broken.json'), '{')
  assert.equal((await run(['contract', 'diff', 'broken.json', 'old.ts'], { folder })).code, 2)
  assert.match(readFileSync(join(folder, 'old.json'), 'utf8'), /\n$/)
})

test('contract export --asyncapi writes an AsyncAPI document', async () => {
  const folder = newFolder({ 'contract.ts': contractOf('z.object({ text: z.string() })') })
  const args = ['contract', 'export', 'contract.ts', '--asyncapi', '--title', 'Shop', '--api-version', '2.1.0']
  const { code, output } = await run(args, { folder })
  assert.equal(code, 0, output)
  const { asyncapi, info } = JSON.parse(output)
  assert.match(asyncapi, /^3\./)
  assert.deepEqual([info.title, info.version], ['Shop', '2.1.0'])
})
