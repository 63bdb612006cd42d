import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBroker } from '@tautline/broker'
import { METRICS, type Sample } from '@tautline/server'
import { expose } from '../../src/serve/exposition.ts'
import { Monitoring, type Phase } from '../../src/serve/monitoring.ts'
import { isStoreUp } from '../../src/serve/store.ts'
import { readExposition } from './exposition.ts'

function monitoring(phase: Phase, isStoreUp: boolean, samples: readonly Sample[] = []): Monitoring {
  return new Monitoring({ phase: () => phase, isStoreUp: async () => isStoreUp, samples: () => samples })
}

test('a server is ready when it listens and its store answers; alive it is in any case', async () => {
  const rows = [
    ['starting', true, 503, 'starting'],
    ['ready', true, 200, undefined],
    ['ready', false, 503, 'the store is out of reach'],
    ['draining', true, 503, 'draining'],
  ] as const
  for (const [phase, isStoreUp, status, reason] of rows) {
    const answer = await monitoring(phase, isStoreUp).answer('/ready')
    assert.equal(answer?.status, status)
    assert.equal(JSON.parse(answer?.body ?? '').reason, reason)
    assert.equal((await monitoring(phase, isStoreUp).answer('/health'))?.status, 200)
  }
  assert.equal(await monitoring('ready', true).answer('/'), null)
})

test('a store is up when it answers, and the server has not noticed that it fails', async () => {
  const samples = (up: number, connections: number): readonly Sample[] => [
    { name: 'tautline_store_up', labels: {}, value: up },
    { name: 'tautline_connections', labels: {}, value: connections },
  ]
  const answers = new MemoryBroker()
  const fails = { heads: async () => Promise.reject(new Error('away')) }
  const hangs = { heads: () => new Promise<never>(() => {}) }
  assert.equal(await isStoreUp(answers, samples(1, 5)), true)
  assert.equal(await isStoreUp(answers, samples(0, 5)), false)
  // With nobody there only new clients can show that it is over.
  assert.equal(await isStoreUp(answers, samples(0, 0)), true)
  assert.equal(await isStoreUp(fails, samples(1, 0)), false)
  assert.equal(await isStoreUp(hangs, samples(1, 0), 20), false)
  await answers.close()
})

test('every metric of the server, and those of the process, are in the text format', async () => {
  const samples = Object.entries(METRICS).flatMap(([name, { label }], i) => {
    const its = label === undefined ? [{}] : [{ [label]: 'a' }, { [label]: 'b' }]
    return its.map((labels) => ({ name, labels, value: i }) as Sample)
  })
  const answer = await monitoring('ready', true, samples).answer('/metrics')
  const families = readExposition(answer?.body ?? '')
  for (const [name, { type }] of Object.entries(METRICS)) assert.equal(families.get(name)?.type, type, name)
  for (const name of [
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
    'process_cpu_seconds_total',
  ]) {
    assert.ok((families.get(name)?.samples.length ?? 0) > 0, name)
  }
})

test('labels and values that are odd are escaped', () => {
  const samples = [
    { name: 'tautline_commands_total', labels: { op: 'a"b\\c\nd' }, value: Number.POSITIVE_INFINITY },
    { name: 'tautline_commands_total', labels: { op: 'x' }, value: Number.NaN },
    { name: 'tautline_connections', labels: {}, value: 1.5e-7 },
  ] as const
  const text = expose(samples)
  assert.ok(text.includes('op="a\\"b\\\\c\\nd"} +Inf'))
  assert.equal(readExposition(text).get('tautline_connections')?.samples[0]?.value, 1.5e-7)
})

test('the strict reader refuses what is no exposition', () => {
  for (const text of [
    'a 1',
    '# TYPE a counter\na{b=c} 1\n',
    '# TYPE a counter\nb 1\n',
    '# TYPE a counter\na 1\na 1\n',
    '# TYPE a gauge\na x\n',
    'a 1\n',
  ]) {
    assert.throws(() => readExposition(text), text)
  }
})
