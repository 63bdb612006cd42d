import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutbox, type Outbox, type OutboxEntry } from '@tautline/client'
import { at, Bench, settled } from './fake-peer.ts'

test('a full outbox refuses with limit and what to do', async () => {
  const bench = new Bench({ outbox: new MemoryOutbox({ maxEntries: 2, maxBytes: 1_000 }) })
  const channel = bench.client.channel('a')
  void channel.publish(1)
  void channel.publish(2)
  await assert.rejects(channel.publish(3), { code: 'limit', message: /outbox is full \(2 publications/ })
  const heavy = new Bench({ outbox: new MemoryOutbox({ maxBytes: 1_000 }) })
  await assert.rejects(heavy.client.channel('a').publish('x'.repeat(1_000)), { code: 'limit' })
  await bench.welcome()
  for (const command of await bench.socket.rest()) bench.socket.ok(command, { position: at(1) })
  void channel.publish(3)
  assert.equal(bench.client.unsettled, 1)
})

/** An outbox that takes its time, and remembers what was done. */
class SlowOutbox implements Outbox {
  readonly log: string[] = []
  readonly held: OutboxEntry[] = []
  gate: Promise<void> = Promise.resolve()

  async open(fresh: () => string) {
    await this.gate
    this.log.push('open')
    return { client: fresh(), entries: [...this.held] }
  }
  async put(entry: OutboxEntry): Promise<void> {
    await this.gate
    this.log.push(`put ${entry.body.json}`)
  }
  async stamp(entries: readonly OutboxEntry[]): Promise<void> {
    await this.gate
    this.log.push(`stamp ${entries.map(({ body }) => body.json).join()}`)
  }
  async remove(entry: OutboxEntry): Promise<void> {
    this.log.push(`remove ${entry.body.json}`)
  }
}

test('an outbox that stores has the entry, and its since, before the first byte leaves', async () => {
  const outbox = new SlowOutbox()
  outbox.held.push({ channel: 'a', key: 'old', body: { json: '"from before"' }, since: 4_990_000 })
  const bench = new Bench({ outbox })
  void bench.client.channel('a').publish(1)
  await bench.welcome()
  await settled()
  const [old, fresh] = await bench.socket.rest()
  assert.deepEqual([old.key, old.since, old.data], ['old', 4_990_000, 'from before'])
  assert.equal(fresh.data, 1)
  assert.deepEqual(outbox.log, ['open', 'put 1', 'stamp 1'])
  bench.socket.refuse(old, 'key-expired', 'no')
  bench.socket.ok(fresh, { position: at(1) })
  await settled()
  assert.deepEqual(outbox.log.slice(3), ['remove "from before"', 'remove 1'])

  const gate = Promise.withResolvers<void>()
  outbox.gate = gate.promise
  void bench.client.channel('a').publish(2)
  assert.deepEqual(await bench.socket.rest(), [])
  gate.resolve()
  await settled()
  assert.equal((await bench.socket.take('publish')).data, 2)
})

test('a publish with the key of one that is not settled joins it, whoever made that one', async () => {
  const outbox = new SlowOutbox()
  outbox.held.push({ channel: 'a', key: 'k', body: { json: '"said"' }, since: 4_990_000 })
  const bench = new Bench({ outbox })
  const channel = bench.client.channel('a')
  const early = channel.publish('said', { key: 'k' })
  await bench.welcome()
  const again = channel.publish('said', { key: 'k' })
  const other = channel.publish('something else', { key: 'k' })
  await settled()
  const [first, ...more] = await bench.socket.rest()
  assert.deepEqual([first.since, first.data, more], [4_990_000, 'said', []])
  bench.socket.ok(first, { position: at(7) })
  // The server knows what is not the same.
  const second = await bench.socket.take('publish')
  assert.equal(second.data, 'something else')
  bench.socket.refuse(second, 'key-conflict', 'no')
  for (const joined of [early, again]) assert.deepEqual(await joined, { position: at(7), key: 'k' })
  await assert.rejects(other, { code: 'key-conflict' })
  assert.deepEqual(
    [bench.client.unsettled, outbox.log.filter((line) => line.endsWith('"said"'))],
    [0, ['remove "said"']],
  )
})

test('a publish that has joined shares the failure, and its own signal ends only itself', async () => {
  const bench = new Bench()
  await bench.up()
  const channel = bench.client.channel('a')
  const stop = new AbortController()
  const outcomes = [
    channel.publish(1, { key: 'k' }),
    channel.publish(1, { key: 'k', signal: stop.signal }),
    channel.publish(1, { key: 'k' }),
    channel.publish(2),
  ].map((publish) =>
    publish.then(
      ({ position }) => position?.offset,
      (error) => error.code,
    ),
  )
  const command = await bench.socket.take('publish')
  stop.abort()
  bench.socket.refuse(command, 'forbidden', 'no')
  bench.socket.ok(await bench.socket.take('publish'), { position: at(1) })
  assert.deepEqual(await Promise.all(outcomes), ['forbidden', 'cancelled', 'forbidden', 1])
  assert.equal(bench.client.unsettled, 0)
})

test('what is given up, or cannot be kept, while it is put away does not hold up what comes behind it', async () => {
  const outbox = new SlowOutbox()
  const bench = new Bench({ outbox })
  await bench.up()
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { put } = outbox
  outbox.put = async (entry) => {
    await gates[Number(entry.key)]?.promise
    await put.call(outbox, entry)
  }
  const channel = bench.client.channel('a')
  const stop = new AbortController()
  void channel.publish('full', { key: '0' })
  void channel.publish('given up', { key: '1', signal: stop.signal })
  void channel.publish('behind', { key: '2' })
  assert.deepEqual(await bench.socket.rest(), [])
  stop.abort()
  gates[0]?.reject(new Error('full'))
  assert.equal((await bench.socket.take('publish')).data, 'behind')
})

test('an outbox that cannot note the transmission sends nothing, and is tried again', async () => {
  const outbox = new SlowOutbox()
  const bench = new Bench({ outbox })
  await bench.up()
  let fail = true
  const { stamp } = outbox
  outbox.stamp = (entries) => (fail ? Promise.reject(new Error('disk full')) : stamp.call(outbox, entries))
  void bench.client.channel('a').publish(1)
  assert.deepEqual(await bench.socket.rest(), [])
  assert.equal(bench.errors[0]?.message, 'disk full')
  fail = false
  await bench.clock.pass(500)
  assert.equal((await bench.socket.take('publish')).data, 1)
})
