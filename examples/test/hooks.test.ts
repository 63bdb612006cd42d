// The backends in Python and Go as they stand in the guide, asked by a real server for real clients.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@tautline/client'
import { createRealtime, RealtimeError } from '@tautline/server'
import { backend } from '@tautline/server/backend'
import { missingTool } from '@tautline/testkit'

const KEY = 'S3CRETexampleBackendKeyForThePythonAndGo'
const SECRET = `whsec_${KEY}`
const FOLDER = fileURLToPath(new URL('../hooks/', import.meta.url))

const PLACES = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin', '/usr/bin']

function find(tool: string): string | undefined {
  return PLACES.map((place) => join(place, tool)).find((path) => existsSync(path))
}

const python = find('python3')
const go = find('go')

interface Example {
  readonly name: string
  readonly tool: string | undefined
  /** @returns what to start */
  prepare(t: TestContext): readonly string[]
}

const EXAMPLES: readonly Example[] = [
  { name: 'python3', tool: python, prepare: () => [python as string, '-u', join(FOLDER, 'backend.py')] },
  {
    name: 'go',
    tool: go,
    prepare: (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'tautline-go-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const binary = join(folder, 'backend')
      const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '' }
      execFileSync(go as string, ['build', '-o', binary, join(FOLDER, 'backend.go')], { env, stdio: 'pipe' })
      return [binary]
    },
  },
]

/** Starts it on a free port; its URL. */
async function start(t: TestContext, example: Example): Promise<string> {
  const [command = '', ...values] = example.prepare(t)
  const child: ChildProcess = spawn(command, values, {
    env: { ...process.env, HOOK_SECRET: SECRET, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  })
  assert.ok(child.stdout)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return `http://127.0.0.1:${/\d+$/.exec(line)?.[0]}/`
}

function sign(body: string, change: { key?: string; sent?: number } = {}): Record<string, string> {
  const { key = KEY, sent = Math.floor(Date.now() / 1_000) } = change
  const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(`msg_1.${sent}.${body}`).digest('base64')
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(sent), 'webhook-signature': `v1,${mac}` }
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(url, { method: 'POST', body, headers })
  await response.arrayBuffer()
  return response.status
}

for (const example of EXAMPLES) {
  const skip = example.tool === undefined && process.env['CI'] !== 'true' ? missingTool(example.name) : false

  test(`a backend in ${example.name} decides who comes, what is read, what is published, and answers calls`, {
    skip,
  }, async (t) => {
    const url = await start(t, example)
    const lines: string[] = []
    const realtime = createRealtime({ channels: { '**': {} } })
    const events = { connect: true, subscribe: true, publish: true, rpc: true } as const
    const hooks = backend({ url, secret: SECRET, events, log: (...line) => lines.push(JSON.stringify(line)) })
    hooks.install(realtime)
    const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    const clients = ['let ann in', 'let mallory in'].map(
      (token) => new Client(`http://127.0.0.1:${port}/realtime`, { token }),
    )
    t.after(async () => {
      for (const client of clients) client.close()
      await realtime.close()
      await hooks.close(0)
    })
    const [ann, mallory] = clients as [Client, Client]
    const stopped = new Promise((resolve) => mallory.on('state', ({ state }) => state === 'stopped' && resolve(state)))
    mallory.connect()
    await stopped

    const chat = ann.channel<{ text: string }>('chat:1')
    const got: unknown[] = []
    const live = chat.subscribe((message) => void got.push(message.data))
    await chat.publish({ text: 'well' })
    const { position } = await chat.publish({ text: 'darn "it" \u{1f642}' })
    assert.ok(position)
    await live.reached(position)
    assert.deepEqual(got, [{ text: 'well' }, { text: '**** "it" \u{1f642}' }])
    const code = (asked: Promise<unknown>): Promise<unknown> =>
      asked.then(
        () => 'allowed',
        (error) => (error instanceof RealtimeError ? error.code : error),
      )
    assert.equal(await code(ann.channel('secrets').publish({ text: 'x' })), 'forbidden')
    assert.equal(await code(ann.channel('secrets').history()), 'forbidden')
    assert.equal(await ann.call('length', 'four'), 6)
    assert.equal(await code(ann.call('no-such-method')), 'not-found')

    const began = performance.now()
    for (let i = 0; i < 100; i++) await ann.call('length', i)
    t.diagnostic(`${((performance.now() - began) / 100).toFixed(2)} ms for a call`)
    assert.deepEqual(lines, [])
  })

  test(`a backend in ${example.name} refuses what is not signed, not by this secret, altered or old`, {
    skip,
  }, async (t) => {
    const url = await start(t, example)
    const body = JSON.stringify({ type: 'connect', token: 'let ann in' })
    const now = Math.floor(Date.now() / 1_000)
    assert.equal(await post(url, body, sign(body)), 200)
    const right = sign(body)
    const two = { ...right, 'webhook-signature': `v1,AAAA ${right['webhook-signature']}` }
    assert.equal(await post(url, body, two), 200)
    for (const [why, headers] of [
      ['unsigned', {}],
      ['another secret', sign(body, { key: 'S3CRETofSomebodyElseWhoKnowsNoneOfOurKey' })],
      ['another body', sign(`${body} `)],
      ['old', sign(body, { sent: now - 301 })],
      ['of the future', sign(body, { sent: now + 400 })],
      ['another id', { ...right, 'webhook-id': 'msg_2' }],
      ['another time', { ...right, 'webhook-timestamp': String(now - 1) }],
      ['another version', { ...right, 'webhook-signature': `v2,${right['webhook-signature']?.slice(3)}` }],
      ['no signature', { ...right, 'webhook-signature': '' }],
      ['part of it', { ...right, 'webhook-signature': right['webhook-signature']?.slice(0, -4) ?? '' }],
    ] as const) {
      assert.equal(await post(url, body, headers), 401, why)
    }
  })
}
