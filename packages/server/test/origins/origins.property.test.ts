import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderFields } from '@tautline/protocol'
import type { UpgradeRequest } from '@tautline/websocket'
import { systemClock } from '@tautline/wire'
import fc from 'fast-check'
import type { RealtimeOptions } from '../../src/options.ts'
import { readOrigin } from '../../src/origins/origin.ts'
import { Origins } from '../../src/origins/origins.ts'

const APP = 'https://app.example.com'
const SPELLINGS = new Set([APP, `${APP}:443`])

/** An origin, somewhat changed: a piece put in, taken out, or put elsewhere. */
const nearly = fc
  .tuple(
    fc.constantFrom(APP, `${APP}:443`, 'https://APP.EXAMPLE.COM', 'http://localhost:8080', 'https://[::1]'),
    fc.nat(30),
    fc.nat(4),
    fc.oneof(
      fc.constantFrom(
        '',
        '.',
        '@',
        ':',
        '/',
        '\\',
        '#',
        '?',
        ',',
        ' ',
        '\t',
        '%2e',
        ':443',
        ':80',
        '*',
        'evil',
        '-',
        '\u00ad',
        '。',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
    ),
  )
  .map(([origin, at, out, put]) => origin.slice(0, at) + put + origin.slice(at + out))

function judge(options: Pick<RealtimeOptions, 'origins' | 'cookies'>, ...fields: string[]): boolean {
  const headers = HeaderFields.fromRaw(fields)
  const request = { headers, origin: headers.get('origin') } as UpgradeRequest
  return new Origins(options, systemClock, () => {}).judge(request) === true
}

describe('an origin of any text', () => {
  it('is let in only if it is one of the list in another spelling', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
        assert.equal(judge({ origins: [APP] }, 'Origin', text), SPELLINGS.has(text.toLowerCase()))
      }),
      { numRuns: 5_000 },
    )
  })

  it('is let in without a list only if it is of this machine, and of Host', () => {
    fc.assert(
      fc.property(nearly, nearly, (text, host) => {
        if (!judge({}, 'Origin', text, 'Host', host.replace(/^.*\/\//, ''))) return
        const url = new URL(text)
        assert.match(url.hostname, /^(?:(?:.+\.)?localhost|\[::1\]|\d+\.\d+\.\d+\.\d+)$/)
        const port = url.protocol === 'https:' ? 443 : 80
        assert.equal(
          new URL(`${url.protocol}//${host.replace(/^.*\/\//, '')}`).host.replace(new RegExp(`:${port}$`), ''),
          url.host,
        )
      }),
      { numRuns: 5_000 },
    )
  })

  it('reads as the URL parser of browsers reads it, or as nothing', () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ['http', 'https'], withFragments: false }), fc.boolean(), (url, upper) => {
        const { origin } = new URL(url)
        assert.equal(readOrigin(upper ? origin.toUpperCase() : origin)?.text, origin)
        assert.equal(readOrigin(`${origin}/`), null)
      }),
    )
  })

  it('is ASCII before it is lower case: U+212A is no k', () => {
    assert.equal(readOrigin('https://\u212aittens.example'), null)
    assert.equal(readOrigin('https://KITTENS.example')?.text, 'https://kittens.example')
  })

  it('is read in linear time', () => {
    const long = [
      'a'.repeat(16_000),
      `https://${'a'.repeat(16_000)}`,
      `https://${'.'.repeat(16_000)}:`,
      `${'a+'.repeat(8_000)}://x`,
    ]
    const start = performance.now()
    for (let i = 0; i < 1_000; i++) for (const text of long) assert.equal(readOrigin(text), null)
    assert.ok(performance.now() - start < 1_000)
  })

  it('does not matter where Origin is not sent once', () => {
    fc.assert(
      fc.property(fc.constantFrom(APP, 'null', ''), fc.constantFrom(APP, 'null', ''), (one, other) => {
        assert.equal(judge({ origins: [APP] }, 'Origin', one, 'oRiGiN', other), false)
        assert.equal(judge({ origins: () => true }, 'Origin', one, 'oRiGiN', other), false)
      }),
    )
  })
})
