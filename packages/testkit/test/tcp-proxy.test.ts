import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Faults, FaultyProxy, handlesReturnTo, openHandles, Random, RawPeer, RawServer } from '@tautline/testkit'

async function through(
  faults: { up?: Faults; down?: Faults },
  run: (near: RawPeer, far: RawPeer, proxy: FaultyProxy) => Promise<void>,
): Promise<void> {
  const base = openHandles()
  const server = await RawServer.listen()
  const proxy = await FaultyProxy.start({ port: server.port, ...faults })
  const near = await RawPeer.connect(proxy.port)
  const far = await server.accept()
  try {
    await run(near, far, proxy)
  } finally {
    await near.destroy()
    await proxy.close()
    await server.close()
  }
  await handlesReturnTo(base)
}

test('without faults everything passes both ways, the end too', () =>
  through({}, async (near, far, proxy) => {
    const bytes = new Random(1).bytes(300_000)
    await near.write(bytes)
    assert.ok((await far.untilBytes(bytes.length)).equals(bytes))
    await far.write(bytes)
    assert.ok((await near.untilBytes(bytes.length)).equals(bytes))
    near.end()
    assert.equal(await far.untilEnd(), 'eof')
    far.end()
    assert.equal(await near.untilEnd(), 'eof')
    assert.ok(proxy.open <= 2)
  }))

test('chops arrive small and complete, latency late and complete', () =>
  through({ up: { chop: 3 }, down: { latency: 30 } }, async (near, far) => {
    await near.write(Buffer.from('!'))
    assert.equal((await far.untilBytes(1)).toString(), '!')
    const sizes: number[] = []
    const got: Buffer[] = []
    far.onData = (chunk) => {
      sizes.push(chunk.length)
      got.push(chunk)
    }
    await near.write(Buffer.from('0123456789'))
    assert.ok(await far.until(() => Buffer.concat(got).length === 10))
    assert.deepEqual(sizes, [3, 3, 3, 1])
    assert.equal(Buffer.concat(got).toString(), '0123456789')
    const start = performance.now()
    await far.write(Buffer.from('late'))
    await near.untilBytes(4)
    assert.ok(performance.now() - start >= 29)
  }))

test('a cut ends both sides after exactly n bytes', () =>
  through({ up: { after: { bytes: 4, act: 'cut' } } }, async (near, far) => {
    await near.write(Buffer.from('0123456789'))
    assert.notEqual(await far.untilEnd(), 'open')
    assert.equal(far.received.toString(), '0123')
    assert.notEqual(await near.untilEnd(), 'open')
  }))

test('a half-close ends one direction only', () =>
  through({ up: { after: { bytes: 4, act: 'half-close' } } }, async (near, far) => {
    await near.write(Buffer.from('0123456789'))
    assert.equal(await far.untilEnd(), 'eof')
    await far.write(Buffer.from('answer'))
    assert.equal((await near.untilBytes(6)).toString(), 'answer')
    assert.equal(near.ending, 'open')
  }))

test('a reset reaches both sides', () =>
  through({ down: { after: { bytes: 1, act: 'reset' } } }, async (near, far) => {
    await far.write(Buffer.from('x'))
    assert.equal(await near.untilEnd(), 'reset')
    assert.equal(await far.untilEnd(), 'reset')
  }))

test('a stall swallows the rest and leaves both sides open', () =>
  through({ up: { after: { bytes: 2, act: 'stall' } } }, async (near, far) => {
    await near.write(Buffer.from('0123456789'))
    await far.untilBytes(2)
    await far.write(Buffer.from('on'))
    await near.untilBytes(2)
    assert.equal(far.received.toString(), '01')
    assert.equal(far.ending, 'open')
  }))
