import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CrossOriginOptions, crossOrigin } from '../../src/origins/cross-origin.ts'
import { SettingError } from '../../src/rules/settings.ts'

const APP = 'https://app.example.com'

function ask(options: CrossOriginOptions, method: string, fields: Record<string, string> = {}) {
  return crossOrigin(options)({ method, headers: new Headers(fields) })
}

describe('crossOrigin, for plain HTTP', () => {
  it('lets listed pages ask and read, in their own spelling, and says so to caches', () => {
    const { headers, answer } = ask({ origins: [APP] }, 'POST', { origin: APP })
    assert.equal(answer, null)
    assert.equal(headers['access-control-allow-origin'], APP)
    assert.equal(headers['vary'], 'Origin')
    assert.equal(headers['access-control-allow-credentials'], undefined)
  })

  it('allows credentials only where a cookie tells who asks, and then wants a list', () => {
    const { headers } = ask({ origins: [APP], credentials: true }, 'GET', { origin: APP })
    assert.equal(headers['access-control-allow-credentials'], 'true')
    assert.throws(() => crossOrigin({ origins: 'any', credentials: true }), SettingError)
    assert.throws(() => crossOrigin({ credentials: true }), SettingError)
    assert.throws(() => crossOrigin({ origins: ['*'] }), /origins\[0\] must be an origin without wildcard/)
  })

  it('answers preflights of listed pages with 204, of others with 403 and no permission', () => {
    const fields = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    const good = ask({ origins: [APP] }, 'OPTIONS', { ...fields, origin: APP })
    assert.equal(good.answer?.status, 204)
    assert.match(good.headers['access-control-allow-headers'] ?? '', /Authorization/)
    const bad = ask({ origins: [APP] }, 'OPTIONS', { ...fields, origin: 'https://evil.example' })
    assert.deepEqual(bad.answer, {
      status: 403,
      text: 'Pages of https://evil.example may not ask here: the option "origins" does not list them.',
    })
    assert.deepEqual(bad.headers, { vary: 'Origin' })
  })

  it('refuses every other origin, whatever the method: a form needs no permission to be sent', () => {
    const others = [
      'null',
      '',
      'http://app.example.com',
      'https://app.example.com:444',
      'https://app.example.com.',
      'https://app.example.com.evil.com',
      `${APP}, ${APP}`,
    ]
    for (const origin of others) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { headers, answer } = ask({ origins: [APP] }, method, { origin })
        assert.equal(answer?.status, 403, `${method} ${origin}`)
        assert.deepEqual(headers, { vary: 'Origin' })
      }
    }
  })

  it('without a list takes pages of this machine that ask where they came from, and no name (DNS rebinding)', () => {
    const at = (origin: string, host: string) => ask({}, 'POST', { origin, host }).answer?.status ?? 200
    assert.equal(at('http://localhost:8080', 'localhost:8080'), 200)
    assert.equal(at('http://localhost:8080', 'localhost:8081'), 403)
    assert.equal(at('http://evil.example:8080', 'evil.example:8080'), 403)
  })

  it('refuses what another page embeds, and takes who follows a link', () => {
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    assert.equal(ask({ origins: [APP] }, 'GET', embedded).answer?.status, 403)
    assert.equal(ask({ origins: [APP] }, 'GET', { ...embedded, 'sec-fetch-site': 'same-site' }).answer?.status, 403)
    assert.equal(ask({ origins: [APP] }, 'GET', { ...embedded, 'sec-fetch-site': 'same-origin' }).answer, null)
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    assert.equal(ask({ origins: [APP] }, 'GET', visit).answer, null)
    const frame = { ...visit, 'sec-fetch-dest': 'iframe' }
    assert.equal(ask({ origins: [APP] }, 'GET', frame).answer?.status, 403)
    // A form that opens in the page's place comes with an Origin; where it did not, it changes something all the same.
    assert.equal(ask({ origins: [APP] }, 'POST', visit).answer?.status, 403)
  })

  it('takes programs, but none that changes something with a cookie and names no page', () => {
    assert.equal(ask({ origins: [APP] }, 'POST').answer, null)
    assert.equal(ask({ origins: [APP], credentials: true }, 'GET', { cookie: 'sid=1' }).answer, null)
    assert.equal(ask({ origins: [APP], credentials: true }, 'POST', { cookie: 'sid=1' }).answer?.status, 403)
    assert.equal(ask({ origins: [APP], credentials: true }, 'POST').answer, null)
  })

  it('opens to every page where told so, without credentials', () => {
    const { headers, answer } = ask({ origins: 'any' }, 'GET', { origin: 'null' })
    assert.equal(answer, null)
    assert.equal(headers['access-control-allow-origin'], '*')
  })
})
