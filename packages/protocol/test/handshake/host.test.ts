import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUpgrade, isHost, isRefusal, isUpgradeRequest, targetPath } from '../../src/handshake/mod.ts'
import { nodeHead, upgrade } from './heads.ts'

test('a Host is a host with an optional port', () => {
  const good = ['a', 'example.com', 'EXAMPLE.com:80', 'localhost:0', 'a:', '127.0.0.1:65535', '[::1]', '[::1]:8080']
  for (const text of [...good, '[2001:db8::1.2.3.4]', 'a_b', 'a%20b', 'xn--bcher-kva.example']) {
    assert.equal(isHost(text), true, text)
  }
  const bad = ['', ':80', ' a', 'a ', 'a b', 'u@a', 'u:p@a', 'a:b', 'a:80:80', 'a:65536', 'a:99999999999999999999']
  const more = [
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    '[]',
    '[::1',
    '::1',
    '[::1]a',
    '[::1]]',
    '[1.2.3.4]',
    '[::g]',
    'a%2',
    'a%zz',
  ]
  for (const text of [...bad, ...more, 'a\xe9', 'a:-1', 'a:+1', 'a:８', '[fe80::1%25eth0]', '\u0141']) {
    assert.equal(isHost(text), false, text)
  }
})

/** The id of the refusal, or `good`. */
function judged(line: string, host = 'example.com'): string {
  const result = checkUpgrade(nodeHead(upgrade({ Host: host }, [], line)))
  return isRefusal(result) ? result.id : 'good'
}

test('a target in absolute-form must have the authority that Host has', () => {
  assert.equal(judged('GET http://example.com/x HTTP/1.1'), 'good')
  assert.equal(judged('GET HTTPS://EXAMPLE.com?x HTTP/1.1'), 'good')
  assert.equal(judged('GET http://example.com:80/x HTTP/1.1', 'example.com:80'), 'good')
  for (const target of [
    'http://example.com:80/',
    'http://evil.example/',
    'http://u@example.com/',
    'http:///x',
    'ws://example.com/',
    'http:/x',
    'example.com:80',
    '*',
    'x',
    '/a#b',
    '/\xe9',
  ]) {
    assert.equal(judged(`GET ${target} HTTP/1.1`), 'target', target)
  }
})

test('the path of a target is what stands before its query, as it was sent', () => {
  const paths = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a?b=/c?d', '/a'],
    ['/?a', '/'],
    ['//evil.example/x', '//evil.example/x'],
    ['/%2e%2e/%zz', '/%2e%2e/%zz'],
    ['http://a/b?c', '/b'],
    ['https://a?c', '/'],
    ['https://a', '/'],
  ] as const
  for (const [target, path] of paths) assert.equal(targetPath(target), path, target)
})

test('who names websocket in Upgrade asks for a WebSocket, and nobody else does', () => {
  for (const [value, expected] of [
    ['websocket', true],
    ['h2c, WebSocket', true],
    ['h2c', false],
    ['websocket2', false],
    [null, false],
  ] as const) {
    assert.equal(isUpgradeRequest(nodeHead(upgrade({ Upgrade: value }))), expected)
  }
  assert.equal(isUpgradeRequest(nodeHead(upgrade({ 'Sec-WebSocket-Key': null }, [], 'POST / HTTP/1.0'))), true)
})
