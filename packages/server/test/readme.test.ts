// The code of the READMEs of this package and of wire, each run from top to bottom as one program.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL('../../../test-output/', import.meta.url))

/** @param before what the text takes for granted */
function program(markdown: string, database: string, before: string): string {
  const code = Array.from(markdown.matchAll(/^```ts\n(.*?)^```/gms), ([, block]) => block).join('\n')
  const imports = Array.from(code.matchAll(/^import .*$/gm), ([line]) => line)
  const body = code
    .replace(/^import .*$/gm, '')
    .replace('.listen(8080)', ".listen(0, '127.0.0.1')")
    .replace("'./realtime.db'", JSON.stringify(database))
  return [...imports, before, body].join('\n')
}

async function output(readme: URL, before = ''): Promise<string> {
  const folder = `${FOLDER}readme-${process.pid}`
  mkdirSync(folder, { recursive: true })
  try {
    const file = `${folder}/readme.ts`
    writeFileSync(file, program(readFileSync(readme, 'utf8'), `${folder}/realtime.db`, before))
    const child = spawn(process.execPath, ['--conditions=tautline-source', file], { timeout: 20_000 })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk
      })
    }
    const [code] = await once(child, 'close')
    assert.equal(code, 0, out)
    return out
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the README of @tautline/server runs as it is written', async () => {
  const out = await output(new URL('../README.md', import.meta.url))
  assert.ok(out.includes('1 2 0'), out)
  assert.ok(out.includes('{ connections: 0, channels: 0, waitingBytes: 0 }'), out)
})

test('the guide to permissions runs as it is written', async () => {
  const mine = `
    const userOf = async (_token: string | undefined) => ({ id: 'ann', role: 'admin', team: 7 })
    const shareOf = async (_token: string) => ({ channel: 'doc:1', until: Date.now() + 60_000 })
    const mayOpen = async (_user: string | undefined, _channel: string, _action: string) => true`
  await output(new URL('../../../docs/guides/permissions.md', import.meta.url), mine)
})

test('the README of @tautline/wire runs as it is written', async () => {
  const out = await output(new URL('../../wire/README.md', import.meta.url))
  for (const line of [
    'ping 1',
    'subscribe 2',
    'tautline.v1.msgpack',
    'next',
    'duplicate',
    'broken',
    'later true 429 4002',
  ]) {
    assert.ok(out.includes(line), `${line} in:\n${out}`)
  }
})
