import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readOriginList, readOrigins } from '../../src/origins/settings.ts'

function refusal(origins: unknown, cookies?: unknown): string {
  try {
    readOrigins(origins, cookies)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

describe('the options origins and cookies', () => {
  it('read origins in any spelling of the same', () => {
    assert.deepEqual(
      readOriginList('origins', ['https://APP.example.com:443', 'http://[::1]:3000', 'app://obsidian.md']),
      ['https://app.example.com', 'http://[::1]:3000', 'app://obsidian.md'],
    )
  })

  it('refuse what no browser sends, with what to write instead', () => {
    const meant: [string, string][] = [
      ['https://app.example.com/', 'https://app.example.com'],
      ['https://app.example.com/path?q#f', 'https://app.example.com'],
      ['https://user@app.example.com', 'https://app.example.com'],
      ['https://app.example.com.', 'https://app.example.com'],
      ['https://app.example.com.:8443', 'https://app.example.com:8443'],
      ['https://müller.example', 'https://xn--mller-kva.example'],
      ['wss://app.example.com', 'https://app.example.com'],
      ['ws://localhost:3000', 'http://localhost:3000'],
      ['app.example.com', 'https://app.example.com'],
      ['localhost:3000', 'http://localhost:3000'],
      ['http://127.1:3000', 'http://127.0.0.1:3000'],
      ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]'],
      ['https://app.example.com:0443', 'https://app.example.com'],
      [' https://app.example.com', 'https://app.example.com'],
    ]
    for (const [given, write] of meant) {
      assert.match(refusal([given]), /^origins\[0\] must be an origin/, given)
      assert.ok(refusal([given]).endsWith(`: write '${write}'`), refusal([given]))
    }
  })

  it('refuse what opens more than it says', () => {
    assert.match(refusal(['*']), /without wildcard/)
    assert.match(refusal(['https://*.example.com']), /without wildcard/)
    assert.match(refusal(['null']), /sandboxed frame/)
    assert.match(refusal(['']), /such as https:\/\/app\.example\.com$/)
    assert.match(refusal([7]), /^origins\[0\] must be an origin, such as .*, not 7$/)
    assert.match(refusal(['https://ok.example', 'a\r\nb']), /^origins\[1\]/)
    assert.doesNotMatch(refusal(['a\r\nb']), /[\r\n]/)
  })

  it('demand a list where cookies are read', () => {
    assert.match(refusal(undefined, true), /^cookies needs the option origins: list the pages/)
    assert.match(refusal('any', true), /^cookies and origins: 'any' do not go together/)
    assert.equal(refusal(['https://app.example.com'], true), '')
    assert.equal(refusal([], true), '')
    assert.equal(
      refusal(() => true, true),
      '',
    )
    assert.equal(refusal(undefined, 'yes'), "cookies must be true or false, not 'yes'")
    assert.equal(refusal(undefined, false), '')
  })
})
