import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overview, withTable } from '../output.ts'
import { disturbance, report, table, tables } from '../report.ts'
import { cellOf, median } from '../results.ts'
import { judge } from '../targets.ts'
import { WORKLOADS } from '../workloads.ts'
import { RESULTS } from './fixture.ts'

function verdict(name: string): { measured: number | undefined; isMet: boolean | undefined } {
  const found = judge(RESULTS).find(({ target }) => target.name === name)
  assert.ok(found, name)
  return { measured: found.measured, isMet: found.isMet }
}

test('a median is the middle one, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 6]), 5.5)
  assert.equal(median([]), undefined)
})

test('a cell has the medians of its rounds, and keeps each figure', () => {
  const echo = WORKLOADS.find(({ id }) => id === 'echo-125-1')
  assert.ok(echo)
  const round = (cpu: number, p99: number) => ({ msgs: 1, msgs_per_s: 7, failed: 0, cpu_us_per_msg: cpu, p99_us: p99 })
  const cell = cellOf('engine', echo, [round(3, 30), round(1, 10), round(2, 20)], undefined)
  assert.deepEqual(cell.rounds, [3, 1, 2])
  assert.deepEqual([cell.figure, cell.p99, cell.p50, cell.perSecond], [2, 20, undefined, 7])
})

test('a target is judged by the ratio of the two figures that it names', () => {
  assert.deepEqual(verdict('echo 125 B, 1 in flight'), { measured: 1.25, isMet: true })
  assert.deepEqual(verdict('echo 125 B, 32 in flight'), { measured: 8, isMet: false })
  assert.deepEqual(verdict('idle connection, own listener'), { measured: 4000, isMet: false })
  assert.deepEqual(verdict('publish to 1,000, against Socket.IO rooms'), { measured: 2, isMet: true })
  assert.deepEqual(verdict("publish to 1,000, cost against the engine's bare broadcast"), {
    measured: 1.25,
    isMet: true,
  })
  assert.deepEqual(verdict('JSON ticker, shared takeover: bytes of the uncompressed'), { measured: 0.2, isMet: true })
})

test('a target whose row or contestant was not measured is neither met nor missed', () => {
  const unknown = { measured: undefined, isMet: undefined }
  assert.deepEqual(verdict('handshake, own listener'), unknown)
  assert.deepEqual(verdict("compressed broadcast, cost against Bun's"), unknown)
  assert.deepEqual(verdict('publish to 1,000, against Centrifugo'), unknown)
})

test('every target names a row that exists', () => {
  const names = judge(RESULTS).map(({ target }) => target)
  const all = WORKLOADS.map(({ id, name, unit, contestants }) => {
    const cells = contestants.map((contestant) => ({ contestant, rounds: [1], figure: 1, bytesPerMessage: 1 }))
    return { id, name, unit, cells }
  })
  for (const target of names) assert.notEqual(target.measure({ ...RESULTS, rows: all }), undefined, target.name)
})

test('the tables tell figures, ratios, speeds, and what failed', () => {
  const text = tables(RESULTS)
  assert.match(text, /\| echo 125 B, 32 in flight +\| +8\.00 µs \| +2\.00 µs \| +1\.00 µs \| +1\.00 µs \|/)
  assert.match(text, /\| echo 125 B, 32 in flight +\| +4\.00x \| +8\.00x \| +8\.00x \|/)
  assert.match(text, /\| idle connection +\| 6,000 bytes \|/)
  assert.match(text, /\| publish to 1,000 \| +2\.50x \| +2\.00x \|/)
  assert.match(text, /100,000 · 0\.50 \/ 12\.3/)
  assert.match(text, /\| +failed \|/)
  assert.match(text, /- Bun & <Co>, compressed broadcast, 3 of 3 rounds: stalled within 20 s/)
})

test('results.md names the machine, the versions, who is left out and the targets', () => {
  const text = report(RESULTS)
  assert.match(text, /kernel Linux 6/)
  assert.match(text, /ws 8\.23\.0/)
  assert.match(text, /Left out: Centrifugo: Centrifugo is not installed \(`npm run bench:setup`\)/)
  assert.match(text, /\| echo 125 B, 32 in flight +\| +≥ 15\.00x \| +8\.00x \| +not met \|/)
  assert.match(text, /\| handshake, own listener +\| +≥ 1\.80x \| +– \| not measured \|/)
})

test('a run during which other programs were at work says so', () => {
  assert.match(disturbance(RESULTS), /^in 1 of 17 cells other programs/)
  const still = RESULTS.rows.filter(({ id }) => id !== 'idle')
  assert.equal(disturbance({ ...RESULTS, rows: still }), 'no other program was at work')
})

test("the README's table is put between its marks, and the rest stays", () => {
  const text = 'a\n<!-- written by npm run bench -- --write -->\nold\n<!-- to here -->\nb\n'
  const written = withTable(text, overview(RESULTS))
  assert.match(written, /^a\n<!-- written/)
  assert.match(written, /<!-- to here -->\nb\n$/)
  assert.doesNotMatch(written, /old/)
  assert.match(written, /\| echo 125 B, 32 in flight \|.*\*\*8\.00x\*\* \|/)
  assert.equal(withTable(written, overview(RESULTS)), written)
  assert.throws(() => withTable('no marks', 'x'), /README\.md has no/)
})

test('the columns of a table stand under one another', () => {
  const lines = table(['', 'long head'], [['name', '1']]).split('\n')
  assert.equal(new Set(lines.map((line) => line.length)).size, 1)
})
