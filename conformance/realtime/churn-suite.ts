// The test of subscribing while others publish (issue 3), in the size that is asked for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRealtime, type MetricName, type RealtimeCompression } from '@tautline/server'
import { Watch } from '../run/general.ts'
import { churn } from './churn.ts'
import { CODECS } from './suite.ts'

/** @param compression of the server; the peers offer it in any case */
export function churnSuite(subscribes: number, connections: number, compression: RealtimeCompression | false): void {
  const how = compression === false ? '' : ', compressed together'
  const title = `${subscribes} subscribes from head, last, a position and where one left, during 1,000 publishes/s${how}: no gap, no duplicate`
  test(title, async (t) => {
    const watch = new Watch()
    // Short logs are outrun by positions of a second ago: those are told lost, and nothing else is.
    const realtime = createRealtime({
      allow: 'everyone',
      compression,
      admission: { subscribeRate: 100_000 },
      channels: { 'long:*': { history: { size: 5_000 } }, 'short:*': { history: { size: 50 } } },
    })
    const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    const channels = [...Array.from({ length: 9 }, (_, i) => `long:${i}`), 'short:a', 'short:b', 'short:c']
    const tally = await churn({
      realtime,
      port,
      codecs: CODECS,
      channels,
      connections,
      subscribes,
      rate: 1_000,
      seed: 7,
    })
    const of = (name: MetricName): number => realtime.metrics().find((sample) => sample.name === name)?.value ?? 0
    const [units, resets] = [of('tautline_shared_units_total'), of('tautline_shared_resets_total')]
    await realtime.close()
    const { faults, outcomes, entries, published, seconds } = tally
    t.diagnostic(
      `${tally.subscribes} subscribes in ${seconds.toFixed(1)} s, ${published} published (${(published / seconds).toFixed(0)}/s, at most ${tally.behind.toFixed(0)} ms behind), ${entries} entries followed, ${JSON.stringify(outcomes)}`,
    )
    assert.deepEqual(faults, [])
    assert.ok(tally.subscribes >= subscribes)
    assert.ok(published / seconds > 900, `${published} in ${seconds} s`)
    assert.ok((outcomes['recovered'] ?? 0) > subscribes / 10 && (outcomes['fresh'] ?? 0) > subscribes / 10)
    // Whoever comes and goes leaves some in the stream.
    if (compression !== false) assert.ok(units - resets > published / 10, `${units} units, ${resets} resets`)
    await watch.done()
  })
}
