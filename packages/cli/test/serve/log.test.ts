import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Log } from '../../src/serve/log.ts'

function logTo(format: 'json' | 'pretty' = 'json', now: () => number = () => 0): { log: Log; text: () => string } {
  let text = ''
  const write = (line: string): void => {
    text += line
  }
  return { log: new Log({ level: 'info', format, write, now }), text: () => text }
}

const NASTY = 'a\r\nb\u001b[2J\u2028c\u2029\u0085\u202e\u009bd\u0000{"level":"error"}'

test('what a peer wrote stays in one line, whatever it is (O25)', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, text } = logTo(format)
    log.peer('hook failed', { user: NASTY, [NASTY]: NASTY })
    log.peer(NASTY, {})
    assert.equal(text().split('\n').length, 3, text())
    assert.doesNotMatch(text().replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
  }
  const { log, text } = logTo()
  log.peer('hook failed', { user: NASTY })
  assert.equal(JSON.parse(text()).user, NASTY)
})

test('secrets, tokens and fields that are called so are hidden', () => {
  const { log, text } = logTo()
  const secret = 'S3CRET-"with"-quotes\nand lines'
  log.hide([secret, 'S3CRET-other', ''])
  log.info('a', { problem: `it says ${secret} twice ${secret}`, path: '/x?token=S3CRET-in-a-url&y=1' })
  log.info('S3CRET-other', { cookie: 'S3CRET-cookie', authorization: 'Bearer S3CRET-x', apiKey: 'S3CRET-key' })
  log.error('b', { error: 'bad eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTM0NSRVQifQ.c2lnbmF0dXJl end' })
  assert.doesNotMatch(text(), /S3CRET|eyJ/)
  assert.equal(text().match(/\[hidden\]/g)?.length, 8)
  assert.ok(text().includes('y=1') && text().includes(' end'))
})

test('the same event is written twenty times in ten seconds; what was left out is counted', () => {
  let now = 0
  const { log, text } = logTo('json', () => now)
  for (let i = 0; i < 1_000; i++) log.peer('handshake refused', { reason: 'origin' })
  log.peer('store is back')
  assert.equal(text().trim().split('\n').length, 21)
  now = 10_000
  log.peer('handshake refused', { reason: 'origin' })
  const lines = text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    [lines.length, lines[21]?.event, lines[21]?.count],
    [23, 'handshake refused (more of it was not written)', 980],
  )
  log.close()
})

test('a text of any length is cut, and a level below is not written', () => {
  const { log, text } = logTo()
  log.debug('no')
  log.info('yes', { text: 'x'.repeat(100_000) })
  assert.ok(text().length < 1_300)
  log.level = 'silent'
  log.error('nothing')
  assert.equal(text().split('\n').length, 2)
})
