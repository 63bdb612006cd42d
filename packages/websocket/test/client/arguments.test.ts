// The table of arguments: every type that send, ping, pong and close of a Socket may be given, of both roles. What is
// refused is a clear error, and nothing of it reaches the wire.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, prepare, type Socket } from '@tautline/websocket'
import { refusesIllegalClose } from '../illegal-close.ts'
import { echo, serve } from './peers.ts'

type Sent = [what: string, value: unknown, text: string | null, bytes: readonly number[]]

const buffer = Uint8Array.from([9, 1, 2, 3, 9, 9, 9, 9]).buffer
const shared = new SharedArrayBuffer(2)
new Uint8Array(shared).set([7, 8])

const ACCEPTED: readonly Sent[] = [
  ['a string', 'text', 'text', []],
  ['an empty string', '', '', []],
  ['a string with a lone surrogate', 'a\ud800b', 'a\ufffdb', []],
  ['a Buffer', Buffer.from([1, 2]), null, [1, 2]],
  ['an empty Buffer', Buffer.alloc(0), null, []],
  ['a Uint8Array', new Uint8Array([3, 4]), null, [3, 4]],
  ['a part of an ArrayBuffer', new Uint8Array(buffer, 1, 3), null, [1, 2, 3]],
  ['a Uint8ClampedArray', new Uint8ClampedArray([255, 0]), null, [255, 0]],
  ['an Int8Array', new Int8Array([-1]), null, [255]],
  ['a Uint16Array at an offset', new Uint16Array(buffer, 2, 1), null, [2, 3]],
  ['a Float64Array', new Float64Array([0]), null, [0, 0, 0, 0, 0, 0, 0, 0]],
  ['a BigInt64Array', new BigInt64Array([1n]), null, [1, 0, 0, 0, 0, 0, 0, 0]],
  ['a DataView', new DataView(buffer, 1, 2), null, [1, 2]],
  ['an ArrayBuffer', buffer, null, [9, 1, 2, 3, 9, 9, 9, 9]],
  ['a SharedArrayBuffer', shared, null, [7, 8]],
  ['a view of a SharedArrayBuffer', new Uint8Array(shared, 1), null, [8]],
]

const REFUSED: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['0', 0],
  ['100', 100],
  ['NaN', Number.NaN],
  ['a bigint', 10n],
  ['a symbol', Symbol('x')],
  ['an object', {}],
  ['an object with a length', { length: 1024 }],
  ['an array', [1, 2, 3]],
  ['a function', () => 'x'],
  ['a Date', new Date()],
  ['a Blob', new Blob(['x'])],
  ['a String object', new Object('text')],
  ['a Promise', Promise.resolve('x')],
]

type Method = 'send' | 'ping' | 'pong'

/** A pair of sockets, ours to torment and one that records. */
async function pair(
  t: import('node:test').TestContext,
  role: 'client' | 'server',
): Promise<{ ours: Socket; heard: unknown[]; done(): Promise<void> }> {
  const heard: unknown[] = []
  let server: Socket | undefined
  const { url } = await serve(t, (socket) => {
    server = socket
  })
  const client = await connect(url)
  while (server === undefined) await new Promise((resolve) => setImmediate(resolve))
  const [ours, theirs] = role === 'client' ? [client, server] : [server, client]
  theirs.onmessage = (data, isBinary) => heard.push(isBinary ? [...(data as Buffer)] : data)
  theirs.onping = (payload) => heard.push(['ping', ...payload])
  theirs.onpong = (payload) => heard.push(['pong', ...payload])
  const done = async (): Promise<void> => {
    const closed = new Promise((resolve) => {
      theirs.onclose = resolve
    })
    ours.close(1000)
    assert.equal(await closed, 1000)
  }
  return { ours, heard, done }
}

for (const role of ['client', 'server'] as const) {
  test(`a ${role}'s send accepts what holds text or bytes`, async (t) => {
    const { ours, heard, done } = await pair(t, role)
    for (const [, value] of ACCEPTED) assert.equal(ours.send(value as string), 'sent')
    ours.send(prepare('prepared'))
    ours.send('as bytes', { binary: true })
    ours.send(Buffer.from('as text'), { binary: false })
    await done()
    const expected: unknown[] = ACCEPTED.map(([, , text, bytes]) => text ?? bytes)
    assert.deepEqual(heard, [...expected, 'prepared', [...Buffer.from('as bytes')], 'as text'])
  })

  for (const method of ['send', 'ping', 'pong'] as const satisfies readonly Method[]) {
    test(`a ${role}'s ${method} refuses everything else with a TypeError that names what is accepted`, async (t) => {
      const { ours, heard, done } = await pair(t, role)
      for (const [what, value] of REFUSED) {
        if (method !== 'send' && value === undefined) continue
        assert.throws(() => ours[method](value as string), /^TypeError: .*string/, what)
      }
      await done()
      assert.deepEqual(heard, [])
    })
  }

  test(`a ${role}'s ping and pong accept up to 125 bytes, of any type`, async (t) => {
    const { ours, heard, done } = await pair(t, role)
    ours.pong()
    ours.pong('text')
    for (const [, value, text] of ACCEPTED) if (text === null) ours.pong(value as Buffer)
    ours.ping('x'.repeat(125))
    for (const method of ['ping', 'pong'] as const) {
      assert.throws(() => ours[method]('x'.repeat(126)), RangeError)
      assert.throws(() => ours[method]('ä'.repeat(63)), RangeError)
      assert.throws(() => ours[method](new Float64Array(16)), RangeError)
    }
    await done()
    const payloads: unknown[] = ACCEPTED.filter(([, , text]) => text === null).map(([, , , bytes]) => [
      'pong',
      ...bytes,
    ])
    assert.deepEqual(heard, [
      ['pong'],
      ['pong', ...Buffer.from('text')],
      ...payloads,
      ['ping', ...Buffer.alloc(125, 'x')],
    ])
  })

  test(`a ${role}'s close refuses illegal codes and reasons and stays open`, async (t) => {
    const { ours, done } = await pair(t, role)
    refusesIllegalClose(ours)
    await done()
  })

  for (const [code, reason] of [
    [1000, ''],
    [1001, 'x'.repeat(123)],
    [1003, 'ä'.repeat(61)],
    [1007, ''],
    [1014, ''],
    [3000, ''],
    [4999, ''],
  ] as const) {
    test(`a ${role} closes with ${code} and a reason of ${Buffer.byteLength(reason)} bytes`, async (t) => {
      const { ours } = await pair(t, role)
      const closed = new Promise((resolve) => {
        ours.onclose = (...end) => resolve(end)
      })
      ours.close(code, reason)
      assert.equal(((await closed) as unknown[])[0], code)
    })
  }

  test(`a closed ${role} drops what is sent, and still refuses what makes no sense`, async (t) => {
    const { ours, done } = await pair(t, role)
    await done()
    while (ours.state !== 'closed') await new Promise((resolve) => setImmediate(resolve))
    assert.equal(ours.send('late'), 'dropped')
    assert.equal(ours.ping(), 'dropped')
    assert.equal(ours.pong(Buffer.alloc(1)), 'dropped')
    ours.close()
    ours.close(1000, 'again')
    ours.terminate()
    ours.pause()
    ours.resume()
    assert.throws(() => ours.send(null as unknown as string), TypeError)
    await assert.rejects(
      new Promise<void>((resolve, reject) => ours.whenWritten((error) => (error ? reject(error) : resolve()))),
    )
  })
}

test('bytes that change after send of a client do not change what is sent', async (t) => {
  const { url } = await serve(t, echo)
  const client = await connect(url)
  const bytes = Buffer.alloc(100_000, 1)
  client.send(bytes)
  bytes.fill(2)
  const back = await new Promise<Buffer>((resolve) => {
    client.onmessage = (data) => resolve(data as Buffer)
  })
  assert.ok(back.equals(Buffer.alloc(100_000, 1)))
  client.terminate()
})
