// What is published: the three packages, built, packed, installed under the name `ws`, used by import and require and by
// a program in TypeScript. No part of the repository's sources or settings is in reach.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const folder = mkdtempSync(join(tmpdir(), 'tautline-packed-'))
const { NODE_OPTIONS: _, ...clean } = process.env

function run(command: string, values: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, values, { cwd, encoding: 'utf8', env: clean, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    throw new Error(`${command} ${values.join(' ')}:\n${stdout}${stderr}`)
  }
}

const tsc = (values: readonly string[], cwd: string): string =>
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...values], cwd)

before(() => {
  tsc(['-b', 'packages/ws'], root)
  const tarballs: Record<string, string> = {}
  for (const name of ['protocol', 'websocket', 'ws']) {
    run('npm', ['pack', '--pack-destination', folder, '--silent'], join(root, 'packages', name))
    const file = readdirSync(folder).find((one) => one.startsWith(`tautline-${name}-`))
    tarballs[name] = `file:${join(folder, file as string)}`
  }
  const manifest = {
    private: true,
    dependencies: { ws: tarballs['ws'] },
    overrides: { '@tautline/protocol': tarballs['protocol'], '@tautline/websocket': tarballs['websocket'] },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], folder)
})

after(() => rmSync(folder, { recursive: true }))

const TALK = `
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true }, () => {
  const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port)
  ws.on('open', () => ws.send('hello'.repeat(1000)))
  ws.on('message', (data) => { console.log(data.length, ws.extensions); ws.close() })
  ws.on('close', (code) => wss.close(() => console.log('closed', code)))
})
wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)))
`

test('installed as ws it runs a program that imports it', () => {
  const imports = `import WebSocket, { WebSocketServer, createWebSocketStream } from 'ws'\n`
  writeFileSync(join(folder, 'program.mjs'), imports + TALK)
  assert.equal(run(process.execPath, ['program.mjs'], folder), '5000 permessage-deflate\nclosed 1005\n')
})

test('installed as ws it runs a program that requires it, and both get one class', () => {
  const requires = `const WebSocket = require('ws')\nconst { WebSocketServer } = WebSocket\n`
  const same = `import('ws').then((mod) => console.log(mod.default === WebSocket, WebSocket.Server === mod.WebSocketServer))\n`
  writeFileSync(join(folder, 'program.cjs'), requires + same + TALK)
  const lines = run(process.execPath, ['program.cjs'], folder).trim().split('\n')
  assert.deepEqual(lines.sort(), ['5000 permessage-deflate', 'closed 1005', 'true true'])
})

test('its types serve modules and CommonJS', () => {
  writeFileSync(
    join(folder, 'typed.mts'),
    `import WebSocket, { WebSocketServer, type RawData } from 'ws'
export const wss: WebSocketServer = new WebSocketServer({ noServer: true })
wss.on('connection', (ws: WebSocket) => ws.on('message', (data: RawData, isBinary) => ws.send(data, { binary: isBinary })))
export const server: WebSocket.Server = new WebSocket.Server({ noServer: true })
// @ts-expect-error a number is no close reason
wss.clients.forEach((ws) => ws.close(1000, 1))
`,
  )
  writeFileSync(
    join(folder, 'typed.cts'),
    `import WebSocket = require('ws')
const ws: WebSocket = new WebSocket('ws://localhost')
const wss: WebSocket.Server = new WebSocket.Server({ port: 0 })
wss.on('connection', (client) => client.on('message', (data: WebSocket.RawData) => client.send(data)))
export = { ws, wss }
`,
  )
  const types = join(root, 'node_modules/@types')
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--typeRoots',
    types,
    '--types',
    'node',
  ]
  tsc([...flags, 'typed.mts', 'typed.cts'], folder)
})

test('the tarballs hold what is needed and no sources, tests or maps', () => {
  const files = run('tar', ['tzf', readdirSync(folder).find((one) => one.startsWith('tautline-ws-')) as string], folder)
  const names = files.trim().split('\n')
  for (const wanted of ['ws.cjs', 'ws.d.cts', 'browser.js', 'README.md', 'dist/mod.js', 'dist/mod.d.ts']) {
    assert.ok(names.includes(`package/${wanted}`), wanted)
  }
  assert.deepEqual(
    names.filter((name) => /\/(src|test)\/|\.map$|source/.test(name)),
    [],
  )
})
