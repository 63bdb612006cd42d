import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUpgrade, isRefusal } from '../../src/handshake/mod.ts'
import { KEY, nodeHead, upgrade } from './heads.ts'

/** The id of the refusal, or `good`. */
function judged(text: string): string {
  const result = checkUpgrade(nodeHead(text))
  return isRefusal(result) ? result.id : 'good'
}

const field = (...more: string[]): string => upgrade({}, more)

const JUDGEMENTS: readonly (readonly [what: string, input: string, id: string])[] = [
  ['a good request', upgrade(), 'good'],
  ['POST', upgrade({}, [], 'POST / HTTP/1.1'), 'method'],
  ['HTTP/1.0', upgrade({}, [], 'GET / HTTP/1.0'), 'http-1-0'],
  ['no Host', upgrade({ Host: null }), 'host-missing'],
  ['the same Host twice', field('host: example.com'), 'host-repeated'],
  ['an empty Host', upgrade({ Host: '' }), 'host-invalid'],
  ['Content-Length: 0', field('Content-Length: 0'), 'good'],
  ['Content-Length: 00', field('Content-Length: 00'), 'request-body'],
  ['Content-Length: 0 twice', field('Content-Length: 0', 'Content-Length: 0'), 'request-body'],
  ['an empty Content-Length', field('Content-Length:'), 'request-body'],
  ['an empty Transfer-Encoding', field('Transfer-Encoding:'), 'request-body'],
  ['an expectation', field('Expect: x'), 'expect'],
  ['Upgrade in two fields', upgrade({ Upgrade: 'h2c' }, ['Upgrade: websocket']), 'good'],
  ['no Upgrade', upgrade({ Upgrade: null }), 'upgrade'],
  ['Connection in two fields', upgrade({ Connection: 'keep-alive' }, ['Connection: UPGRADE']), 'good'],
  ['no Connection', upgrade({ Connection: null }), 'connection'],
  ['an old draft without key', upgrade({ 'Sec-WebSocket-Version': '0', 'Sec-WebSocket-Key': null }), 'version'],
  ['no key', upgrade({ 'Sec-WebSocket-Key': null }), 'key-missing'],
  ['the same key twice', field(`Sec-WebSocket-Key: ${KEY}`), 'key-repeated'],
  ['a key with a comma', upgrade({ 'Sec-WebSocket-Key': `${KEY}, ${KEY}` }), 'key-invalid'],
  ['a subprotocol with a slash', field('Sec-WebSocket-Protocol: a/b'), 'subprotocol-syntax'],
  ['a subprotocol twice', field('Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: b, a'), 'subprotocol-repeated'],
  ['subprotocols that differ in case', field('Sec-WebSocket-Protocol: a, A'), 'good'],
  ['a malformed extension', field('Sec-WebSocket-Extensions: a;'), 'extensions-syntax'],
  ['an empty list of extensions', field('Sec-WebSocket-Extensions:'), 'extensions-syntax'],
]

for (const [what, input, id] of JUDGEMENTS) {
  test(`${what} is judged as ${id}`, () => {
    assert.equal(judged(input), id)
  })
}

test('an offer names what was asked for, joined over fields and in order', () => {
  const offer = checkUpgrade(
    nodeHead(
      field(
        'Sec-WebSocket-Protocol: b , a',
        'Sec-WebSocket-Protocol: __proto__',
        'Sec-WebSocket-Extensions: x; y=1',
        'Sec-WebSocket-Extensions: z',
      ),
    ),
  )
  assert.deepEqual(offer, {
    key: KEY,
    subprotocols: ['b', 'a', '__proto__'],
    extensions: [
      { name: 'x', parameters: [['y', '1']] },
      { name: 'z', parameters: [] },
    ],
  })
})

test('Origin is left to the policy, which can see that there are two (O03)', () => {
  const head = nodeHead(field('Origin: https://a.example', 'origin: https://b.example'))
  assert.equal(isRefusal(checkUpgrade(head)), false)
  assert.equal(head.headers.count('Origin'), 2)
})
