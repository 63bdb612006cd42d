// The search for secrets in all output of the suites finds what it shall find.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const WATCH = fileURLToPath(new URL('../watch-output.mjs', import.meta.url))
/** Written so that this very file's output never holds it. */
const MARKER = ['S3', 'CRET'].join('')
const TOKEN = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJhbm4ifQ', 'dBjftJeZ4CVPmB92K27uhbUJU1p1r'].join('.')

/** What is found when a process runs this code. */
function leaks(code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'leaks-'))
  try {
    const env = { ...process.env, NODE_OPTIONS: '', SUITE_LEAKS: folder, MARKER, TOKEN }
    const { status } = spawnSync(process.execPath, ['--import', WATCH, '-e', code], { env, stdio: 'ignore' })
    assert.equal(status, 0)
    const file = join(folder, 'leaks.txt')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const KEY = 'process.env.MARKER'

for (const [title, code] of [
  ['on standard output', `console.log('key', ${KEY} + '-1')`],
  ['on standard error', `console.error(new Error('bad key ' + ${KEY}).stack)`],
  ['in bytes', `process.stdout.write(Buffer.from(${KEY}))`],
  ['in two pieces', `process.stdout.write('S3'); process.stdout.write('CRET')`],
  ['past the streams, as loggers write', `require('node:fs').writeSync(1, 'k=' + ${KEY})`],
  ['in a token', `console.log('token ' + process.env.TOKEN)`],
  [
    'by a process of a process',
    `require('node:child_process').spawnSync(process.execPath, ['--import', ${JSON.stringify(WATCH)}, '-e', 'console.log(${KEY})'])`,
  ],
] as const) {
  test(`a secret ${title} is found`, () => assert.notEqual(leaks(code), ''))
}

test('what is no secret is not found', () => {
  assert.equal(leaks(`console.log('S3 CRET eyJhbGciOiJIUzI1NiJ9 a.b.c'); console.error('fine')`), '')
})
