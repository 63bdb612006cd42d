import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPrivateHost, shownAddress } from '../../src/backend/address.ts'
import { type BackendOptions, backend } from '../../src/backend/mod.ts'
import { SettingError } from '../../src/mod.ts'
import { SECRET } from './http-backend.ts'

const GOOD: BackendOptions = { url: 'https://a.example/hooks', secret: SECRET, events: { connect: true } }

test('a wrong option is refused with its path and what to write instead, and no secret is in it', () => {
  const S = 'S3CRET'
  for (const [change, message] of [
    [{ urls: 'x' }, /^backend\(\) has an unknown key 'urls': did you mean 'url'\?$/],
    [{ url: undefined }, /^events\.connect has no URL: give it one, or all of them with `url`$/],
    [{ url: 5 }, /^url must be text: write the URL of the backend/],
    [{ url: '/hooks' }, /^url is no URL/],
    [{ url: 'ftp://a.example' }, /^url must begin with https:\/\/ or http:\/\/, not ftp:/],
    [{ url: `https://me:${S}@a.example` }, /^url must not hold a user or a password/],
    [{ url: `http://a.example/${S}?key=${S}` }, /^url asks a\.example over http, .* `insecure: true`/],
    [{ url: 'https://a.example/#x' }, /^url must not have a fragment/],
    [{ events: undefined }, /^events must be an object with 'connect', 'subscribe'/],
    [{ events: {} }, /^events names none: write \{ connect: true \}/],
    [{ events: { connect: false } }, /^events names none/],
    [{ events: { conect: true } }, /^events has an unknown key 'conect': did you mean 'connect'\?/],
    [{ events: { connect: 1 } }, /^events\.connect must be true, the URL that is asked, or an object with more, not 1/],
    [{ events: { connect: 'http://a.example' } }, /^events\.connect asks a\.example over http/],
    [{ events: { rpc: { url: 'nowhere' } } }, /^events\.rpc\.url is no URL/],
    [{ events: { rpc: { tmeout: 1 } } }, /^events\.rpc has an unknown key 'tmeout': did you mean 'timeout'\?/],
    [{ events: { connect: { timeout: '10s' } } }, /^events\.connect\.timeout must be a duration from 10 ms to 4500 ms/],
    [{ events: { rpc: { timeout: '10 min' } } }, /^events\.rpc\.timeout must be a duration such as '10m'/],
    [{ events: { rpc: { channels: ['a'] } } }, /only subscribe and publish have some/],
    [{ events: { publish: { channels: 'a' } } }, /^events\.publish\.channels must be a list such as \['chat:\*'\]/],
    [{ events: { publish: { channels: ['a', 'b c'] } } }, /^events\.publish\.channels\[1\] /],
    [{ timeout: '5s' }, /^timeout must be a duration from 10 ms to 4500 ms, not '5s'/],
    [{ retries: -1 }, /^retries must be an integer from 0 to 10/],
    [{ concurrency: 0 }, /^concurrency must be an integer from 1/],
    [{ queue: 1.5 }, /^queue must be an integer/],
    [{ breaker: true }, /^breaker must be an object with 'failures', 'window', 'rest'/],
    [{ breaker: { failures: 0 } }, /^breaker\.failures must be a share over 0 up to 1, such as 0\.5, not 0/],
    [{ breaker: { failure: 0.5 } }, /did you mean 'failures'\?/],
    [{ breaker: { rest: '2m' } }, /^breaker\.rest must be a duration from 10 ms to 60000 ms/],
    [{ headers: 'cookie' }, /^headers must be a list/],
    [{ headers: ['a b'] }, /^headers\[0\] must be the name of a header/],
    [{ maxAnswer: '1m' }, /^maxAnswer must be an integer from 1024/],
    [{ insecure: 'yes' }, /^insecure must be true or false/],
    [{ log: console }, /^log must be a function/],
  ] as const) {
    assert.throws(
      () => backend({ ...GOOD, ...change } as unknown as BackendOptions),
      (error) => {
        assert.ok(error instanceof SettingError, String(error))
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /S3CRET/)
        return true
      },
    )
  }
  for (const none of [undefined, null, [], 'https://a.example'])
    assert.throws(() => backend(none as unknown as BackendOptions), SettingError)
})

test('what is right is taken', () => {
  for (const change of [
    {},
    { url: 'http://backend:3000/x', events: { connect: true, subscribe: 'https://b.example', rpc: { timeout: '2m' } } },
    {
      url: 'http://a.example',
      insecure: true,
      breaker: false,
      retries: 0,
      queue: 0,
      concurrency: 1,
      headers: ['Cookie'],
    },
    { events: { publish: { channels: ['chat:*', 'board'], retries: 3 }, disconnect: { timeout: '30s' } } },
  ] as const) {
    backend({ ...GOOD, ...change } as BackendOptions)
  }
})

test('http goes to this machine and private networks only', () => {
  for (const host of [
    'localhost',
    'a.localhost',
    'backend',
    'x.svc.cluster.local',
    'db.internal',
    '127.0.0.1',
    '127.9.9.9',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]',
    '[::ffff:7f00:1]',
  ])
    assert.ok(isPrivateHost(host), host)
  for (const host of [
    'a.example',
    'localhost.example',
    '127.0.0.1.example',
    'internal.example',
    '172.15.0.1',
    '172.32.0.1',
    '8.8.8.8',
    '11.0.0.1',
    '192.169.0.1',
    '[2001:db8::1]',
    '[::ffff:808:808]',
    'fc.example',
  ])
    assert.ok(!isPrivateHost(host), host)
  // URLs write every form of an address in one.
  for (const form of ['http://127.1/', 'http://0x7f000001/', 'http://2130706433/', 'http://[::ffff:127.0.0.1]/'])
    backend({ ...GOOD, url: form })
  for (const form of ['http://134744072/', 'http://0x08080808/', 'http://[::ffff:8.8.8.8]/'])
    assert.throws(() => backend({ ...GOOD, url: form }), /over http/)
})

test('of a URL logs show where it goes, not what it says', () => {
  assert.equal(shownAddress('https://a.example:8443/S3CRET?key=S3CRET'), 'https://a.example:8443')
})
