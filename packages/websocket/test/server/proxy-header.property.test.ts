import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProxyHeaderParser, type ProxySource } from '../../src/server/proxy-header.ts'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

interface Outcome {
  readonly source: ProxySource | undefined
  readonly malformed: boolean
  readonly consumed: number
}

function parse(...pieces: readonly Uint8Array[]): Outcome {
  const parser = new ProxyHeaderParser()
  let consumed = 0
  for (const piece of pieces) {
    if (parser.source !== undefined || parser.malformed) break
    const took = parser.push(piece)
    assert.ok(took <= piece.length)
    consumed += took
  }
  return { source: parser.source, malformed: parser.malformed, consumed }
}

/** The header of version 2. */
function binary(command: number, family: number, body: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length)
  return Buffer.concat([SIGNATURE, Buffer.from([0x20 | command, family]), length, body])
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
}

const ipv4 = fc.ipV4()
const port = fc.integer({ min: 0, max: 65_535 })
const cuts = fc.array(fc.nat(), { maxLength: 8 })
const behind = fc.uint8Array({ maxLength: 40 })
const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })

const good = fc.oneof(
  fc.record({ address: ipv4, port }).map(({ address, port }) => ({
    source: { address, port } as ProxySource,
    bytes: Buffer.from(`PROXY TCP4 ${address} 192.0.2.9 ${port} 443\r\n`),
  })),
  fc.record({ groups, port }).map(({ groups, port }) => {
    const address = groups.map((group) => group.toString(16)).join(':')
    return {
      source: { address, port } as ProxySource,
      bytes: Buffer.from(`PROXY TCP6 ${address} ::1 ${port} 443\r\n`),
    }
  }),
  fc.stringMatching(/^[ -~]{0,80}$/).map((rest) => ({ source: null, bytes: Buffer.from(`PROXY UNKNOWN ${rest}\r\n`) })),
  fc.record({ address: ipv4, port, tlvs: fc.uint8Array({ maxLength: 300 }) }).map(({ address, port, tlvs }) => {
    const body = Buffer.alloc(12)
    body.set(address.split('.').map(Number))
    body.writeUInt16BE(port, 8)
    return { source: { address, port } as ProxySource, bytes: binary(1, 0x11, Buffer.concat([body, tlvs])) }
  }),
  fc.record({ groups, port, tlvs: fc.uint8Array({ maxLength: 300 }) }).map(({ groups, port, tlvs }) => {
    const body = Buffer.alloc(36)
    groups.forEach((group, i) => void body.writeUInt16BE(group, 2 * i))
    body.writeUInt16BE(port, 32)
    const address = groups.map((group) => group.toString(16)).join(':')
    return { source: { address, port } as ProxySource, bytes: binary(1, 0x21, Buffer.concat([body, tlvs])) }
  }),
  fc
    .record({ family: fc.constantFrom(0x00, 0x11, 0x12, 0x21, 0x22, 0x31), body: fc.uint8Array({ maxLength: 300 }) })
    .map(({ family, body }) => ({ source: null, bytes: binary(0, family, body) })),
  fc
    .record({ family: fc.constantFrom(0x00, 0x01, 0x12, 0x22, 0x31), body: fc.uint8Array({ maxLength: 300 }) })
    .map(({ family, body }) => ({ source: null, bytes: binary(1, family, body) })),
)

test('a good header says the same at every split, and what lies behind it is left alone', () => {
  fc.assert(
    fc.property(good, behind, cuts, ({ source, bytes }, rest, at) => {
      const all = Buffer.concat([bytes, rest])
      const expected = { source, malformed: false, consumed: bytes.length }
      assert.deepEqual(parse(all), expected)
      assert.deepEqual(parse(...split(all, at)), expected)
      assert.deepEqual(parse(...Array.from(all, (byte) => Uint8Array.of(byte))), expected)
    }),
    { numRuns: 300 },
  )
})

test('any bytes have the same outcome at every split, and no more than a header of them is taken', () => {
  const start = fc.constantFrom(SIGNATURE, Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), Buffer.alloc(0))
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), cuts, (head, rest, at) => {
      const all = Buffer.concat([head, rest])
      const whole = parse(all)
      assert.deepEqual(parse(...split(all, at)), whole)
      assert.ok(whole.source === undefined || !whole.malformed)
    }),
    { numRuns: 500 },
  )
})

test('a header that is not quite right is malformed', () => {
  const lines = [
    'GET / HTTP/1.1\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 1\r\n',
    'PROXY TCP4 192.0.2.1  192.0.2.9 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP4 192.0.2.256 192.0.2.9 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 01 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 -1 2\r\n',
    'PROXY UDP4 192.0.2.1 192.0.2.9 1 2\r\n',
    'PROXY\r\n',
    'PROXY \r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n',
    'PROXY TCP4 192.0.2.1\r 192.0.2.9 1 2\r\n',
    'proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(107)}\r\n`,
  ]
  for (const line of lines) {
    const { malformed, consumed } = parse(Buffer.from(line))
    assert.ok(malformed, JSON.stringify(line))
    assert.ok(consumed <= 107)
  }
  const version1 = Buffer.concat([SIGNATURE, Buffer.from([0x11, 0x11, 0, 0])])
  for (const bytes of [version1, binary(2, 0x11, Buffer.alloc(12)), binary(1, 0x41, Buffer.alloc(12))]) {
    assert.ok(parse(bytes).malformed)
  }
  assert.ok(parse(binary(1, 0x13, Buffer.alloc(12))).malformed)
  assert.ok(parse(binary(1, 0x11, Buffer.alloc(11))).malformed)
  assert.ok(parse(binary(1, 0x21, Buffer.alloc(35))).malformed)
  assert.ok(parse(Buffer.from('0d0a0d0a000d0a515549540b', 'hex')).malformed)
})

test('TLVs of 64 KiB are skipped in no more memory than a line has', () => {
  const body = Buffer.alloc(65_535)
  body.set([192, 0, 2, 7])
  body.writeUInt16BE(4_711, 8)
  const { source, consumed } = parse(binary(1, 0x11, body))
  assert.deepEqual(source, { address: '192.0.2.7', port: 4_711 })
  assert.equal(consumed, 16 + 65_535)
})
