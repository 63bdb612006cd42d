import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientKey, plainAddress } from '../../src/admission/address.ts'
import { forwardedHops, hopsOf } from '../../src/admission/forwarded.ts'
import { Proxies } from '../../src/admission/proxies.ts'

const fields = (value: Readonly<Record<string, string>>): { get(name: string): string | undefined } => ({
  get: (name) => value[name],
})

test('an address is the same in every spelling, and a /64 is one client', () => {
  assert.equal(plainAddress('192.0.2.1'), '192.0.2.1')
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(plainAddress('::FFFF:c000:201'), '192.0.2.1')
  assert.equal(plainAddress('2001:DB8::1'), '2001:db8::1')
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
  for (const none of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.4:80',
    '::1::',
    'a'.repeat(70),
    'localhost',
    '[::1]',
  ])
    assert.equal(plainAddress(none), null, none)
  assert.equal(clientKey('192.0.2.1'), '192.0.2.1')
  assert.equal(clientKey('2001:db8:1:2:3:4:5:6'), clientKey('2001:db8:1:2::'))
  assert.equal(clientKey('2001:db8:1:2::9'), '2001:db8:1:2::/64')
  assert.notEqual(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:3::1'))
  assert.equal(clientKey('::1'), '0:0:0:0::/64')
})

test('the key of any IPv6 address is that of its first four groups, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const plain = plainAddress(text)
      assert.ok(plain !== null)
      if (isIP(plain) === 4) return
      // Node's own canonical form says what the groups are.
      const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
      assert.equal(clientKey(plain), clientKey(plainAddress(canonical) as string))
    }),
    { numRuns: 300 },
  )
})

/** Who the client is according to a chain of proxies that all append honestly. */
function naive(values: readonly string[], peer: string, trusted: (address: string) => boolean): string {
  let known = peer
  for (const value of [...values].reverse()) {
    if (!trusted(known)) return known
    const address = plainAddress(value)
    if (address === null) return known
    known = address
  }
  return known
}

const PROXIES = new Proxies(['10.0.0.0/8', '2001:db8:aaaa::/48'], 'x-forwarded-for')
const FORWARDED = new Proxies(['10.0.0.0/8', '2001:db8:aaaa::/48'], 'forwarded')
const proxy = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((rest) => `10.${rest.join('.')}`),
  fc.nat(0xffff).map((n) => `2001:db8:aaaa::${n.toString(16)}`),
)
const address = fc.oneof(proxy, fc.ipV4(), fc.ipV6())
const hidden = fc.constantFrom('unknown', '_hidden', '_SEVKISEK', 'localhost', '999.1.1.1', '-', '"', '::1::2')

test('the client is the first hop from the right that is no listed proxy', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(address, hidden), { maxLength: 8 }), proxy, (values, peer) => {
      const expected = naive(values, peer, (one) => PROXIES.trusts(one))
      assert.equal(PROXIES.clientOf(fields({ 'x-forwarded-for': values.join(', ') }), peer), expected)
      const forwarded = values.map((value) => `for=${value.includes(':') ? `"[${value}]"` : value};proto=https`)
      const plain = values.every((value) => plainAddress(value) !== null || !/[",]/.test(value))
      if (plain) assert.equal(FORWARDED.clientOf(fields({ forwarded: forwarded.join(', ') }), peer), expected)
    }),
    { numRuns: 500 },
  )
})

test('whatever a client writes in front, it is who the proxy says it is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.ipV4(), (written, client) => {
      fc.pre(!PROXIES.trusts(client))
      const x = fields({ 'x-forwarded-for': `${written}, ${client}`, forwarded: `for=${written}, for=${client}` })
      assert.equal(PROXIES.clientOf(x, '10.0.0.1'), client)
      assert.equal(FORWARDED.clientOf(x, '10.0.0.1'), client)
    }),
    { numRuns: 500 },
  )
})

test('any text is read to an end, and what is found are addresses', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[for="[\]:;,\\ 0-9a-f._%]{0,200}$/), (text) => {
      for (const hop of [...hopsOf(text), ...forwardedHops(text)]) assert.ok(hop === null || isIP(hop) !== 0)
    }),
    { numRuns: 1_000 },
  )
})

test('O30 a peer that is no listed proxy is itself, whatever it says', () => {
  const said = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7', 'x-real-ip': '198.51.100.7' }
  assert.equal(PROXIES.clientOf(fields(said), '203.0.113.9'), '203.0.113.9')
  assert.equal(FORWARDED.clientOf(fields(said), '203.0.113.9'), '203.0.113.9')
  assert.equal(new Proxies([], 'x-forwarded-for').clientOf(fields(said), '10.0.0.1'), '10.0.0.1')
})

test('O30 ports, brackets and zones are no part of an address, and what hides it leaves the proxy', () => {
  const through = (value: string): string => PROXIES.clientOf(fields({ 'x-forwarded-for': value }), '10.0.0.1')
  assert.equal(through('192.0.2.1:4711'), '192.0.2.1')
  assert.equal(through('[2001:db8::7]:4711'), '2001:db8::7')
  assert.equal(through('[2001:db8::7]'), '2001:db8::7')
  assert.equal(through('2001:db8::7'), '2001:db8::7')
  assert.equal(through('fe80::7%eth0'), 'fe80::7')
  assert.equal(through('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(through('1.2.3.4,, ,'), '1.2.3.4')
  for (const none of ['unknown', '_x', '', '999.0.0.1', '192.0.2.1:port', '[192.0.2.1]', '[::1', '192.0.2.1 x'])
    assert.equal(through(none), '10.0.0.1', none)
  const by = (value: string): string => FORWARDED.clientOf(fields({ forwarded: value }), '10.0.0.1')
  assert.equal(by('for=192.0.2.43, FOR="[2001:db8::7]:4711"; proto=http;by=203.0.113.43'), '2001:db8::7')
  assert.equal(by('host="a,b";for=192.0.2.43'), '192.0.2.43')
  assert.equal(by('for="192.0.2.43:_port"'), '192.0.2.43')
  assert.equal(by('for=192.0.2.1;for=192.0.2.2'), '10.0.0.1')
  assert.equal(by('for="a\\", for=192.0.2.1'), '192.0.2.1')
  for (const none of ['for=unknown', 'for=_hidden', 'by=192.0.2.1', 'for="\\"192.0.2.1"', 'for="192.0.2.1', ''])
    assert.equal(by(none), '10.0.0.1', none)
})

test('O30 a thousand values cost what a few do: only the trusted hops are followed, and no more than 32', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => `192.0.2.${i % 256}`).join(', ')
  assert.equal(PROXIES.clientOf(fields({ 'x-forwarded-for': `${many}, 198.51.100.7` }), '10.0.0.1'), '198.51.100.7')
  const chain = Array.from({ length: 1_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`).join(',')
  assert.match(PROXIES.clientOf(fields({ 'x-forwarded-for': chain }), '10.0.0.1'), /^10\.1\.3\./)
})

test('reading is linear: twice as much takes about twice as long', () => {
  const time = (text: string): number => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 7; round++) {
      const began = process.hrtime.bigint()
      for (const _ of hopsOf(text)) void _
      for (const _ of forwardedHops(text)) void _
      best = Math.min(best, Number(process.hrtime.bigint() - began))
    }
    return best
  }
  for (const unit of [',', 'for=1.2.3.4,', '"', 'for="[::1]:1";', ' ', '[', 'for=;']) {
    const [once, twice] = [time(unit.repeat(20_000)), time(unit.repeat(40_000))]
    // Were it quadratic, twice would be seconds.
    assert.ok(twice < once * 4 + 5e7, `${JSON.stringify(unit)}: ${once} and ${twice} ns`)
  }
})
