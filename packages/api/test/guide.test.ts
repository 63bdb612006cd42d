// docs/guides/http-api.md as it is written: its server is started, its curl commands are run one after another, and what
// it shows as answers has the form of what is answered.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { without } from '@tautline/testkit'
import { assertNoSecret } from './served.ts'

const GUIDE = readFileSync(new URL('../../../docs/guides/http-api.md', import.meta.url), 'utf8')
/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL(`../../../test-output/http-api-${process.pid}/`, import.meta.url))
const KEY = 'S3CRET-of-the-guide-1f0a9b7c'
const withoutCurl = without('curl', existsSync('/usr/bin/curl'))

interface Block {
  readonly kind: string
  readonly text: string
}

const blocks: Block[] = Array.from(GUIDE.matchAll(/^```(\w+)\n(.*?)^```/gms), ([, kind = '', text = '']) => ({
  kind,
  text,
}))

let server: ChildProcess
let port: string
let output = ''

before(async () => {
  mkdirSync(FOLDER, { recursive: true })
  const code = blocks.filter(({ kind }) => kind === 'ts').map(({ text }) => text)
  const listening = code
    .join('\n')
    .replace('await realtime.listen({ port: 8080', 'const port = await realtime.listen({ port: 0')
  const program = `${listening}\nconsole.log('ready on', port)\n`
  writeFileSync(`${FOLDER}server.ts`, program)
  server = spawn(process.execPath, ['--conditions=tautline-source', `${FOLDER}server.ts`], {
    env: { ...process.env, TAUTLINE_KEY: KEY },
  })
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [, at] = /ready on (\d+)\n/.exec(output) ?? []
        if (at !== undefined) resolve(at)
      })
    }
    server.on('exit', () => reject(new Error(output)))
  })
  port = await ready
})
after(async () => {
  server.kill()
  await once(server, 'close')
  rmSync(FOLDER, { recursive: true })
  assertNoSecret(output)
})

/** Names of fields and kinds of values: what stays the same from run to run. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(formOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, formOf(of)]))
}

test('its commands do what it says, in order', { skip: withoutCurl }, () => {
  let ran = 0
  for (const [i, { kind, text }] of blocks.entries()) {
    if (kind !== 'sh') continue
    const script = text
      .replaceAll('localhost:8080', `127.0.0.1:${port}`)
      .replaceAll('curl ', 'curl --silent --show-error ')
    const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], {
      env: { PATH: process.env['PATH'], TAUTLINE_KEY: KEY },
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.equal(status, 0, `${text}\n${stderr}`)
    assertNoSecret(stdout)
    const answers = stdout.slice(stdout.indexOf('\r\n\r\n') + 1).trim()
    const shown = blocks[i + 1]
    if (shown?.kind === 'json') {
      assert.deepEqual(formOf(JSON.parse(answers)), formOf(JSON.parse(shown.text)), text)
    } else assert.ok(!stdout.includes('"error"'), `${text}\n${stdout}`)
    ran += text.match(/curl /g)?.length ?? 0
  }
  assert.ok(ran >= 10, String(ran))
})
