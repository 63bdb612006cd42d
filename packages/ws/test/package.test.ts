// The package's face to other programs: import and require give one class, the exports are those of ws, its types fit
// programs written for @types/ws, and a browser gets a clear message.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as ours from '@tautline/ws'
import * as theirs from 'ws'

const require = createRequire(import.meta.url)
// As JavaScript sees them: @types/ws knows only some of its statics.
// biome-ignore lint/suspicious/noExplicitAny: that is the point
const real: any = theirs.default
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')

test('require gives the class that import gives, with the same statics as ws', () => {
  const required = require('@tautline/ws') as Record<string, unknown>
  assert.equal(required, ours.default)
  assert.equal(required, ours.WebSocket)
  assert.equal(require('ws'), real)
  for (const name of Object.keys(real)) {
    assert.ok(name in required, name)
    assert.equal(typeof required[name], typeof real[name], name)
  }
  assert.equal(required.Server, ours.WebSocketServer)
  assert.equal(required.WebSocket, required)
})

test('every export of ws is one of ours', () => {
  for (const name of Object.keys(theirs)) {
    // `module.exports` is how Node shows a CommonJS module's value.
    if (name !== 'module.exports') assert.ok(name in ours, name)
  }
})

test('Receiver and Sender can be imported and say what they are when used', () => {
  assert.throws(() => new ours.Receiver(), /Receiver is an internal class of ws/)
  assert.throws(() => new ours.Sender(), /Sender is an internal class of ws/)
})

test('extension, subprotocol and PerMessageDeflate work as in ws', () => {
  const headers = ['permessage-deflate', 'a; b=1; b="2"; c, d', 'permessage-deflate; client_max_window_bits, x; y=z']
  for (const header of headers) {
    const parsed = ours.extension.parse(header)
    assert.deepEqual(parsed, real.extension.parse(header))
    assert.equal(ours.extension.format(parsed as never), real.extension.format(parsed))
  }
  assert.deepEqual(ours.subprotocol.parse('a, b'), new Set(['a', 'b']))
  for (const bad of ['', 'a,', 'a b', 'a,a']) assert.throws(() => ours.subprotocol.parse(bad), SyntaxError)
  for (const bad of ['', 'a,', 'a;', 'a; b="']) assert.throws(() => ours.extension.parse(bad), SyntaxError)
  for (const options of [
    {},
    { serverNoContextTakeover: true, serverMaxWindowBits: 10 },
    { clientMaxWindowBits: 12 },
    { clientMaxWindowBits: false },
  ]) {
    assert.deepEqual(new ours.PerMessageDeflate(options).offer(), new real.PerMessageDeflate(options).offer())
  }
})

test('a server negotiates every combination of options and offers as ws does', () => {
  const bits = [undefined, 10, 15]
  const options = [undefined, true, false].flatMap((serverNoContextTakeover) =>
    [undefined, false, ...bits.slice(1)].flatMap((serverMaxWindowBits) =>
      [undefined, false, ...bits.slice(1)].flatMap((clientMaxWindowBits) =>
        [undefined, true].map((clientNoContextTakeover) => ({
          isServer: true,
          serverNoContextTakeover,
          serverMaxWindowBits,
          clientMaxWindowBits,
          clientNoContextTakeover,
        })),
      ),
    ),
  )
  const offers = ['', '; server_no_context_takeover'].flatMap((takeover) =>
    ['', '; client_no_context_takeover'].flatMap((client) =>
      ['', '; server_max_window_bits=9', '; server_max_window_bits=15'].flatMap((server) =>
        ['', '; client_max_window_bits', '; client_max_window_bits=9', '; client_max_window_bits=15'].map(
          (window) => `permessage-deflate${takeover}${client}${server}${window}`,
        ),
      ),
    ),
  )
  const outcome = (call: () => unknown): unknown => {
    try {
      return { ...(call() as object) }
    } catch {
      return 'refused'
    }
  }
  const parse = (offer: string) => ours.extension.parse(offer)['permessage-deflate']
  for (const option of options) {
    for (const offer of offers) {
      const expected = outcome(() => new real.PerMessageDeflate(option).accept(parse(offer)))
      const seen = outcome(() => new ours.PerMessageDeflate(option as never).accept(parse(offer) as never))
      assert.deepEqual(seen, expected, `${JSON.stringify(option)} ${offer}`)
    }
  }
})

test('a browser gets a clear message', async () => {
  const browser = await import('../browser.js' as string)
  for (const name of Object.keys(theirs)) if (name !== 'module.exports') assert.ok(name in browser, name)
  assert.throws(() => new browser.default(), /ws does not work in the browser/)
})

test('a program typed for @types/ws compiles against ours', () => {
  // Inside the repository, so that its packages are found; the folder is not in git.
  const folder = join(root, '.cache', `ws-types-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  try {
    const program = readFileSync(join(here, 'types/program.ts'), 'utf8')
    writeFileSync(join(folder, 'program.ts'), program.replace("from 'ws'", "from '@tautline/ws'"))
    const tsconfig = { extends: '../../tsconfig.test.json', include: ['.'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    assert.fail((error as { stdout?: string }).stdout ?? String(error))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
