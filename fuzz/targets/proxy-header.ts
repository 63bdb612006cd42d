// The header of the PROXY protocol: the same outcome at every split, never more than a header taken, an address or none.

import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { ProxyHeaderParser } from '../../packages/websocket/src/server/proxy-header.ts'
import { chunks, type Target, words } from '../target.ts'

function parse(pieces: readonly Uint8Array[]): { source: unknown; malformed: boolean; consumed: number } {
  const parser = new ProxyHeaderParser()
  let consumed = 0
  for (const piece of pieces) {
    if (parser.source !== undefined || parser.malformed) break
    consumed += parser.push(piece)
  }
  return { source: parser.source, malformed: parser.malformed, consumed }
}

export const proxyHeader: Target = {
  name: 'proxy-header',
  dictionary: [
    ...words('PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', '192.0.2.1', '2001:db8::1', ' 443', '\r\n', '\r', '\n', '%eth0'),
    Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
    Buffer.from('2111000c', 'hex'),
    Buffer.from('21210024', 'hex'),
    Buffer.from('20000000', 'hex'),
  ],
  run(bytes, random) {
    const whole = parse([bytes])
    assert.deepEqual(parse(chunks(bytes, random)), whole)
    assert.ok(whole.consumed <= bytes.length && whole.consumed <= 16 + 65_535)
    const source = whole.source as { address: string; port: number } | null | undefined
    if (whole.malformed) assert.equal(source, undefined)
    if (source === undefined || source === null) return
    assert.notEqual(isIP(source.address), 0)
    assert.ok(source.port >= 0 && source.port <= 65_535)
  },
}
