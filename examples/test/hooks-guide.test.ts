// What docs/guides/hooks.md shows: its Python is the example's, its TypeScript runs, its requests are those that come.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const GUIDE = readFileSync(new URL('docs/guides/hooks.md', ROOT), 'utf8')
/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL(`test-output/hooks-guide-${process.pid}/`, ROOT))
const SECRET = 'whsec_S3CRETexampleBackendKeyForThePythonAndGo'

function blocks(language: string): string[] {
  return Array.from(GUIDE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms')), ([, block]) => block ?? '')
}

test('the guide of hooks shows the example in Python as it is run', () => {
  assert.deepEqual(blocks('python'), [readFileSync(new URL('examples/hooks/backend.py', ROOT), 'utf8')])
})

test('the code of the guide of hooks runs, and asks and takes what it shows', async () => {
  const asked: Record<string, unknown>[] = []
  const [request = '', answer = ''] = blocks('json')
  const server = createServer(async (incoming, response) => {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece as Buffer)
    const body = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>
    asked.push(body)
    response.setHeader('content-type', 'application/json')
    response.end(body['type'] === 'connect' ? answer : '{"allow":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  const client = `
    import { Client } from '@tautline/client'
    const client = new Client('http://127.0.0.1:' + port + '/realtime', { token: 'let ann in' })
    await client.channel('chat:1').publish('hello')
    await client.channel('chat:1').history()
    client.close()
  `
  const code = [blocks('ts')[0], client, blocks('ts')[1]]
    .join('\n')
    .replace('http://localhost:3000/hooks', url)
    .replace(
      'await realtime.listen({ port: 8080 })',
      "const port = await realtime.listen({ port: 0, host: '127.0.0.1' })",
    )
  mkdirSync(FOLDER, { recursive: true })
  try {
    writeFileSync(`${FOLDER}guide.ts`, code)
    const child = spawn(process.execPath, ['--conditions=tautline-source', `${FOLDER}guide.ts`], {
      env: { ...process.env, HOOK_SECRET: SECRET },
      timeout: 20_000,
    })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk
      })
    }
    const [exit] = (await once(child, 'close')) as [number]
    assert.equal(exit, 0, out)
    assert.equal(out, '')
  } finally {
    rmSync(FOLDER, { recursive: true })
    server.closeAllConnections()
    server.close()
  }
  assert.deepEqual(
    asked.map(({ type }) => type),
    ['connect', 'publish', 'subscribe', 'disconnect'],
  )
  const shown = JSON.parse(request) as Record<string, unknown>
  assert.deepEqual({ ...asked[0], address: shown['address'] }, shown)
  // The table names what is asked.
  for (const one of asked) {
    const row = GUIDE.split('\n').find((line) => line.startsWith(`| \`${String(one['type'])}\` |`))
    for (const field of Object.keys(one))
      if (field !== 'type') assert.match(row ?? '', new RegExp(`\`${field}\\??\``), field)
  }
})
