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
