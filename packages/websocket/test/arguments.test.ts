import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { parseFrames } from '@tautline/testkit'
import { type Bytes, prepare, type SendOptions } from '../src/mod.ts'
import { refusesIllegalClose } from './illegal-close.ts'
import { adopted, turn, type Wire } from './wire.ts'

const text = new TextEncoder().encode('content')

/** Everything that holds bytes: each shows `content`. */
function holders(): [string, Bytes][] {
  const padded = new Uint8Array(23).fill(0x58)
  padded.set(text, 8)
  const shared = new SharedArrayBuffer(7)
  new Uint8Array(shared).set(text)
  const even = new Uint8Array(8)
  even.set(text)
  const resizable = new ArrayBuffer(4, { maxByteLength: 16 })
  resizable.resize(7)
  new Uint8Array(resizable).set(text)
  return [
    ['a Uint8Array', Uint8Array.from(text)],
    ['a Buffer', Buffer.from(text)],
    ['a view in the middle of a buffer', padded.subarray(8, 15)],
    ['an ArrayBuffer', Uint8Array.from(text).buffer],
    ['a SharedArrayBuffer', shared],
    ['a resized ArrayBuffer', resizable],
    ['a view of a SharedArrayBuffer', new Uint8Array(shared)],
    ['a DataView', new DataView(padded.buffer, 8, 7)],
    ['an Int8Array', new Int8Array(padded.buffer, 8, 7)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(padded.buffer, 8, 7)],
    ['a Uint8Array of another realm', runInNewContext('Uint8Array.from([99,111,110,116,101,110,116])') as Uint8Array],
    [
      'an ArrayBuffer of another realm',
      runInNewContext('Uint8Array.from([99,111,110,116,101,110,116]).buffer') as ArrayBuffer,
    ],
  ]
}

const wrong: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 42],
  ['NaN', Number.NaN],
  ['a bigint', 42n],
  ['a boolean', true],
  ['a symbol', Symbol('s')],
  ['a function', () => 'text'],
  ['an object', { length: 5 }],
  ['an array', [1, 2, 3]],
  ['a String object', Object('text')],
  ['a Date', new Date(0)],
  ['a Map', new Map()],
  ['a Promise', Promise.resolve('text')],
]

/** What went out so far: every byte accounted for by the frames it should be. */
async function sent(wire: Wire, masked: boolean): Promise<Buffer[]> {
  await turn()
  const { frames, rest } = parseFrames(wire.written)
  assert.equal(rest.length, 0)
  for (const frame of frames) assert.equal(frame.masked, masked)
  return frames.map(({ payload }) => payload)
}

for (const role of ['server', 'client'] as const) {
  const masked = role === 'client'

  describe(`what a ${role} may be told to send`, () => {
    for (const [name, data] of holders()) {
      it(`is ${name}: its own range, as binary; a ping and a pong too`, async () => {
        const { socket, wire } = adopted({}, { role })
        assert.equal(socket.send(data), 'sent')
        assert.equal(socket.send(data, { binary: false }), 'sent')
        assert.equal(socket.ping(data), 'sent')
        assert.equal(socket.pong(data), 'sent')
        assert.equal(socket.send(prepare(data)), 'sent')
        const payloads = await sent(wire, masked)
        assert.deepEqual(payloads.map(String), new Array(5).fill('content'))
        assert.deepEqual(
          wire.frames.map((frame) => frame.split(' ')[0]),
          ['2', '1', '9', '10', '2'],
        )
      })
    }

    it('is a wider typed array, by its bytes', async () => {
      const { socket, wire } = adopted({}, { role })
      for (const data of [
        Float64Array.of(1.5),
        BigInt64Array.of(-2n),
        Uint16Array.of(1, 2, 3),
        new Float32Array(3).subarray(1),
      ]) {
        socket.send(data)
        const payload = (await sent(wire, masked)).at(-1)
        assert.deepEqual(payload, Buffer.from(data.buffer, data.byteOffset, data.byteLength))
      }
    })

    it('is nothing at all, as text or bytes', async () => {
      const { socket, wire } = adopted({}, { role })
      const empties = [
        '',
        new Uint8Array(0),
        new ArrayBuffer(0),
        Buffer.alloc(10).subarray(5, 5),
        new DataView(new ArrayBuffer(4), 4),
      ]
      for (const empty of empties) socket.send(empty)
      socket.ping()
      socket.ping('')
      socket.pong(new Uint8Array(0))
      const payloads = await sent(wire, masked)
      assert.equal(payloads.length, 8)
      assert.ok(payloads.every(({ length }) => length === 0))
    })

    it('is text with what is no character: it becomes U+FFFD', async () => {
      const { socket, wire } = adopted({}, { role })
      for (const one of ['\ud800', 'a\udc00b', '\udfff\ud800', `${'x'.repeat(40)}\ud83d`, '\ud83d'.repeat(10_000)]) {
        socket.send(one)
        socket.send(one, { binary: true })
        const [last, asBytes] = (await sent(wire, masked)).slice(-2)
        assert.equal(last?.toString(), one.toWellFormed())
        assert.deepEqual(asBytes, last)
      }
    })

    for (const [name, data] of wrong) {
      it(`is not ${name}: a TypeError, and nothing on the wire`, async () => {
        const { heard, socket, wire } = adopted({}, { role })
        const told = data as Bytes
        assert.throws(() => socket.send(told), TypeError)
        assert.throws(() => socket.send(told, { binary: false }), TypeError)
        if (data !== undefined) assert.throws(() => socket.ping(told), TypeError)
        if (data !== undefined) assert.throws(() => socket.pong(told), TypeError)
        assert.throws(() => prepare(told), TypeError)
        assert.equal((await sent(wire, masked)).length, 0)
        assert.equal(socket.bufferedAmount, 0)
        assert.deepEqual(heard, [])
        assert.equal(socket.state, 'open')
        socket.close(1000)
        assert.throws(() => socket.send(told), TypeError, 'also when it would be dropped')
      })
    }

    it('is never memory of others: a detached buffer is empty or a TypeError', async () => {
      const { socket, wire } = adopted({}, { role })
      const secret = Buffer.alloc(4096, 'secret')
      assert.equal(secret.length, 4096)
      for (const make of [
        (buffer: ArrayBuffer): Bytes => buffer,
        (buffer: ArrayBuffer): Bytes => new Uint8Array(buffer),
        (buffer: ArrayBuffer): Bytes => new DataView(buffer),
        (buffer: ArrayBuffer): Bytes => new Float64Array(buffer),
        (buffer: ArrayBuffer): Bytes => Buffer.from(buffer),
      ]) {
        const buffer = new ArrayBuffer(64)
        const data = make(buffer)
        structuredClone(buffer, { transfer: [buffer] })
        for (const act of [
          (): unknown => socket.send(data),
          (): unknown => socket.ping(data),
          (): unknown => socket.send(prepare(data)),
        ]) {
          try {
            act()
          } catch (error) {
            assert.ok(error instanceof TypeError)
          }
        }
      }
      for (const payload of await sent(wire, masked)) assert.equal(payload.length, 0)
    })

    it('is never memory of others: what is detached after it was sent ends the connection rather than its framing', async () => {
      for (const data of [new Uint8Array(100_000).fill(7), Buffer.from(new ArrayBuffer(100_000))]) {
        const { heard, socket, wire } = adopted({}, { role })
        socket.send('before')
        socket.send(data)
        structuredClone(data.buffer, { transfer: [data.buffer] })
        socket.send('behind')
        await turn()
        if (masked) {
          const payloads = await sent(wire, masked)
          assert.deepEqual(
            payloads.map(({ length }) => length),
            [6, 100_000, 6],
            'a client has copied it',
          )
        } else {
          assert.equal(wire.destroyed, true)
          assert.ok(!wire.written.includes('behind'), 'nothing follows that the peer would take for payload')
          assert.ok(heard[0]?.includes('detached'))
        }
      }
    })

    it('leaves small payloads to the caller at once, and a client large ones too', async () => {
      const { socket, wire } = adopted({}, { role })
      const sizes = role === 'client' ? [1, 100, 8192, 50_000] : [1, 100, 8192]
      for (const size of sizes) {
        const data = Buffer.alloc(size, 1)
        socket.send(data)
        data.fill(2)
      }
      const payloads = await sent(wire, masked)
      assert.deepEqual(
        payloads.map(({ length }) => length),
        sizes,
      )
      for (const payload of payloads) assert.ok(payload.every((byte) => byte === 1))
    })
  })

  describe(`the control frames of a ${role}`, () => {
    it('carry up to 125 bytes, counted as UTF-8; more is a RangeError and nothing is sent', async () => {
      const { socket, wire } = adopted({}, { role })
      socket.ping('x'.repeat(125))
      socket.pong('é'.repeat(62))
      for (const act of [
        (): unknown => socket.ping('x'.repeat(126)),
        (): unknown => socket.pong('é'.repeat(63)),
        (): unknown => socket.ping(new Uint8Array(126)),
        (): unknown => socket.pong(new Float64Array(16)),
      ]) {
        assert.throws(act, RangeError)
      }
      assert.deepEqual(
        (await sent(wire, masked)).map(({ length }) => length),
        [125, 124],
      )
    })

    it('close with any legal code and reason, or with none', async () => {
      const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
      const cases: [number | undefined, string | undefined, string][] = [
        [undefined, undefined, '8 '],
        [undefined, '', '8 '],
        ...codes.map((code): [number, string, string] => [code, 'why', `8 ${code} why`]),
        [1000, undefined, '8 1000 '],
        [1000, 'x'.repeat(123), `8 1000 ${'x'.repeat(123)}`],
        [1000, 'é'.repeat(61), `8 1000 ${'é'.repeat(61)}`],
        [4000, '\ud800', '8 4000 \ufffd'],
      ]
      for (const [code, reason, expected] of cases) {
        const { socket, wire } = adopted({}, { role })
        socket.close(code, reason)
        assert.equal(socket.state, 'closing')
        await sent(wire, masked)
        assert.deepEqual(wire.frames, [expected])
      }
    })

    it('do not close with anything else: an error, and the connection stays open', async () => {
      const { socket, wire } = adopted({}, { role })
      refusesIllegalClose(socket)
      assert.equal((await sent(wire, masked)).length, 0)
      socket.send('still open')
      assert.deepEqual((await sent(wire, masked)).map(String), ['still open'])
    })
  })
}

describe('a prepared message', () => {
  it('is a copy: what it was made from may change', async () => {
    const { socket, wire } = adopted()
    const data = Buffer.alloc(50_000, 1)
    const message = prepare(data)
    data.fill(2)
    socket.send(message)
    const [payload] = await sent(wire, false)
    assert.ok(payload?.length === 50_000 && payload.every((byte) => byte === 1))
  })

  it('is text or binary as asked for', async () => {
    const { socket, wire } = adopted()
    const cases: [string | Bytes, SendOptions | undefined][] = [
      ['t', undefined],
      ['t', { binary: true }],
      [Buffer.from('b'), undefined],
      [Buffer.from('b'), { binary: false }],
    ]
    for (const [data, options] of cases) socket.send(prepare(data, options))
    await turn()
    assert.deepEqual(wire.frames, ['1 t', '2 t', '2 b', '1 b'])
  })
})
