// Five thousand that connect at once, and two thousand that begin a handshake and do not end it, beside a hundred
// subscribers whose p99 is looked at. Rounds with and without a crowd are interleaved.

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { Ear, LoadServer, median, percentile } from '../../realtime/load.ts'
import type { Met } from './crowd.ts'
import { statusOf } from './knock.ts'

const FAST = 100
const RATE = 200
const MB = 1_000_000
const CHANNELS = { shared: { history: { size: 1_000 } }, 'loop:**': {} }

function start(what: 'crowd' | 'slow', port: number, count: number): { child: ChildProcess; met: Promise<Met> } {
  const child = fork(new URL('./crowd.ts', import.meta.url), [what, String(port), String(count)], {
    execArgv: ['--conditions=tautline-source'],
  })
  return { child, met: once(child, 'message').then(([met]) => met as Met) }
}

async function dismiss(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.send('stop')
  await exited
}

async function listeners(server: LoadServer): Promise<Ear[]> {
  const ears: Ear[] = []
  for (let i = 0; i < FAST; i++) ears.push(await Ear.open(server.port, [{ ch: 'shared' }]))
  return ears
}

/** Publishes for some seconds. @returns latencies of all that everybody heard */
async function measured(server: LoadServer, ears: readonly Ear[], seconds: number): Promise<number[]> {
  for (const ear of ears) ear.drain()
  await server.publish({ channel: 'shared', count: RATE * seconds, perSecond: RATE, bytes: 200 })
  const heard = ears.map((ear) => ear.peer.until(() => ear.latencies.length >= RATE * seconds, 30_000))
  assert.ok((await Promise.all(heard)).every(Boolean), 'everybody heard everything')
  return ears.flatMap((ear) => ear.drain())
}

function figures(rounds: readonly (readonly number[])[]): string {
  const of = (share: number): number => median(rounds.map((one) => percentile(one, share)))
  return `p50 ${of(0.5).toFixed(2)}, p99 ${of(0.99).toFixed(2)} ms, at best ${best(rounds).toFixed(2)}`
}

function best(rounds: readonly (readonly number[])[]): number {
  return Math.min(...rounds.map((one) => percentile(one, 0.99)))
}

test('5,000 connect at once: all are in within seconds, those inside hear on, memory is bounded', async (t) => {
  const server = await LoadServer.start({ allow: 'everyone', channels: CHANNELS })
  const ears = await listeners(server)
  const calm: number[][] = []
  const crowded: number[][] = []
  const before = await server.memory()
  let most = 0
  for (let round = 0; round < 3; round++) {
    calm.push(await measured(server, ears, 6))
    const { child, met } = start('crowd', server.port, 5_000)
    crowded.push(await measured(server, ears, 6))
    const { statuses, half, most: nearly, all, tries } = await met
    const memory = await server.memory()
    most = Math.max(most, memory.rss)
    assert.equal(memory.connections, 5_000 + FAST)
    t.diagnostic(
      `5,000 in: half after ${half} ms, 99 % after ${nearly} ms, all after ${all} ms; ${tries} handshakes: ${JSON.stringify(statuses)}; RSS ${(memory.rss / MB).toFixed(0)} MB`,
    )
    assert.ok(all < 60_000)
    assert.equal((statuses[101] ?? 0) >= 5_000, true)
    await dismiss(child)
    while ((await server.memory()).connections > FAST) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  t.diagnostic(`those inside: ${figures(calm)} without a crowd; ${figures(crowded)} while it comes`)
  t.diagnostic(`RSS ${(before.rss / MB).toFixed(0)} MB before, ${(most / MB).toFixed(0)} MB at most`)
  assert.ok(most - before.rss < 250 * MB)
  assert.ok(best(crowded) < best(calm) * 3 + 250, 'those inside wait no longer than a slice of handshakes takes')
  for (const ear of ears) assert.equal(ear.peer.ending, 'open')
  await Promise.all(ears.map((ear) => ear.peer.destroy()))
  await server.stop()
})

test('2,000 handshakes that go on a byte a second: 408 after 10 s, honest ones are served at once meanwhile', async (t) => {
  const server = await LoadServer.start({ allow: 'everyone', channels: CHANNELS })
  const ears = await listeners(server)
  const calm: number[][] = []
  const crowded: number[][] = []
  const before = await server.memory()
  for (let round = 0; round < 2; round++) {
    calm.push(await measured(server, ears, 5))
    const { child, met } = start('slow', server.port, 2_000)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const honest: number[] = []
    const knocking = (async () => {
      for (let i = 0; i < 50; i++) {
        const at = performance.now()
        assert.equal(await statusOf(server.port, { from: '127.0.3.1' }), 101)
        honest.push(performance.now() - at)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    crowded.push(await measured(server, ears, 5))
    await knocking
    const memory = await server.memory()
    const { statuses, half, all } = await met
    t.diagnostic(
      `2,000 half-open: ${JSON.stringify(statuses)}, half after ${half} ms, all after ${all} ms; honest handshakes meanwhile p50 ${median(honest).toFixed(1)}, p99 ${percentile(honest, 0.99).toFixed(1)} ms; RSS ${((memory.rss - before.rss) / MB).toFixed(0)} MB more`,
    )
    // Each address may have 1,000; all are told.
    assert.equal(statuses[408], 2_000)
    assert.ok(half > 9_000 && all < 20_000)
    assert.ok(memory.rss - before.rss < 150 * MB)
    await dismiss(child)
  }
  t.diagnostic(`those inside: ${figures(calm)} without; ${figures(crowded)} beside the crowd`)
  assert.ok(best(crowded) < best(calm) * 2 + 25)
  await Promise.all(ears.map((ear) => ear.peer.destroy()))
  await server.stop()
})
