import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteByByte, handlesReturnTo, openHandles, RawPeer, RawServer } from '@tautline/testkit'

async function pair(): Promise<{ server: RawServer; near: RawPeer; far: RawPeer }> {
  const server = await RawServer.listen()
  const near = await RawPeer.connect(server.port)
  return { server, near, far: await server.accept() }
}

test('bytes arrive as written, and an end is told from a reset', async () => {
  const base = openHandles()
  const { server, near, far } = await pair()
  await near.write(Buffer.from('hello'))
  assert.equal((await far.untilBytes(5)).toString(), 'hello')
  near.end()
  assert.equal(await far.untilEnd(), 'eof')
  await far.write(Buffer.from('still open this way'))
  assert.equal((await near.untilBytes(19)).toString(), 'still open this way')
  far.reset()
  assert.equal(await near.untilEnd(), 'reset')
  await server.close()
  await near.destroy()
  await handlesReturnTo(base)
})

test('a split write arrives one chunk per read within one process', async () => {
  const { server, near, far } = await pair()
  const sizes: number[] = []
  far.onData = (chunk) => sizes.push(chunk.length)
  await near.writeSplit(byteByByte(Buffer.from('one by one')))
  assert.ok(await far.until(() => sizes.reduce((a, b) => a + b, 0) === 10))
  assert.deepEqual(sizes, Array(10).fill(1))
  await near.destroy()
  await server.close()
})

test('waiting ends at the deadline, and at once when the connection is gone', async () => {
  const { server, near, far } = await pair()
  assert.equal(await near.untilEnd(20), 'open')
  await assert.rejects(near.untilBytes(1, 20), /0 of 1 bytes/)
  await far.destroy()
  near.end()
  assert.equal(await near.until(() => false, 60_000), false)
  await assert.rejects(server.accept(20), /nobody connected/)
  await server.close()
})

test('what was received can be taken out', async () => {
  const { server, near, far } = await pair()
  await near.write(Buffer.from('abc'))
  await far.untilBytes(3)
  assert.equal(far.take(1).toString(), 'a')
  assert.equal(far.take().toString(), 'bc')
  assert.equal(far.received.length, 0)
  await near.destroy()
  await server.close()
})
