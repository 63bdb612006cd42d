// docs/guides/serve.md as it is written: its configurations are right, its commands exist, what it says of problems, lines
// and settings is so.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../src/commands/program.ts'
import { keysAt } from '../src/config/json-schema.ts'
import { loadConfig } from '../src/config/load.ts'
import { type ConfigError, describe } from '../src/config/problem.ts'
import { rehearse } from '../src/serve/rehearse.ts'
import { LIVE } from '../src/serve/settings.ts'
import { newFolder, serve } from './command.ts'

const GUIDE = readFileSync(new URL('../../../docs/guides/serve.md', import.meta.url), 'utf8')
const blocks = (kind: string): readonly string[] =>
  Array.from(GUIDE.matchAll(/^```(\w+)\n(.*?)^```/gms))
    .filter(([, its]) => its === kind)
    .map(([, , text = '']) => text)

const mod = new URL('../src/mod.ts', import.meta.url).href
const environment = { JWT_SECRET: 'S3CRET-jwt-of-at-least-32-bytes-length', API_KEY: 'S3CRET-api-key-of-24-chars' }

test('the configuration of the guide is right', async () => {
  const [text = ''] = blocks('ts')
  const folder = newFolder({ 'tautline.config.ts': text.replace('@tautline/cli', mod) })
  await rehearse(await loadConfig({ file: undefined, folder, environment, flags: [] }))
})

test('the problems that the guide shows are told as it shows them', async () => {
  const expected = (blocks('text')[0] ?? '').trim().split('\n')
  const lines = Array.from({ length: 16 }, () => '')
  lines[0] = `import { defineConfig } from '${mod}'`
  lines[1] = `export default defineConfig({`
  lines[7] = `  channel: {},`
  lines[8] = `  channels: { 'chat:*': { history: { ttl: '7 days' } } },`
  lines[13] = `  origins: ['https://app.example.com/'],`
  lines[14] = `} as never)`
  const folder = newFolder()
  writeFileSync(join(folder, 'tautline.config.ts'), lines.join('\n'))
  const problems = await loadConfig({ file: undefined, folder, environment, flags: [] }).then(
    () => [],
    (error: ConfigError) => error.problems.map(describe),
  )
  assert.deepEqual(problems, expected)
})

test('the commands of the guide exist, with their options', () => {
  const lines = blocks('sh')
    .join('\n')
    .split('\n')
    .filter((line) => line.startsWith('tautline '))
  assert.ok(lines.length >= 9)
  for (const line of lines) {
    let command: Command | undefined = createProgram()
    for (const word of line.split(' ').slice(1)) {
      const below: Command | undefined = command?.commands.find((one) => one.name() === word)
      if (below !== undefined) command = below
      else if (word.startsWith('-')) {
        assert.ok(
          command?.options.some(({ long, short }) => long === word || short === word),
          line,
        )
      }
    }
    assert.equal(command?.commands.length, 0, line)
  }
})

test('the table has every setting, and the list of what changes live is that of the code', () => {
  const table = GUIDE.slice(GUIDE.indexOf('| setting |'), GUIDE.indexOf('**What is wrong'))
  for (const key of keysAt([])) {
    if (key !== '$schema' && key !== 'dev') assert.ok(table.includes(`\`${key}\``), key)
  }
  const [, live = ''] = /takes over (.*?) \*\*without/.exec(GUIDE) ?? []
  for (const name of LIVE) assert.ok(live.includes(name === 'log' ? "log's level" : `\`${name}\``), name)
})

test('the line that the guide shows has the fields of the one that is written', async () => {
  const folder = newFolder({ 'tautline.config.json': '{ "allow": "everyone" }' })
  const server = await serve([], { folder })
  const shown = Object.keys(JSON.parse(blocks('json')[0] ?? ''))
  assert.deepEqual(Object.keys(await server.line('listening')), shown)
  assert.equal(await server.stop(), 0)
})
