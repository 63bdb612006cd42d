// What the project wants to reach (its issue on speed), judged by the results of a run and by nothing else.

import { cellIn, figureIn, type Results, ratio } from './results.ts'
import { TICK_FRAME } from './workloads.ts'

export interface Target {
  readonly name: string
  /** At least or at most so much. */
  readonly bound: 'at least' | 'at most'
  readonly value: number
  readonly unit: 'x' | 'bytes'
  /** undefined where the run did not measure it. */
  readonly measure: (results: Results) => number | undefined
}

export interface Verdict {
  readonly target: Target
  readonly measured: number | undefined
  /** undefined: not measured. */
  readonly isMet: boolean | undefined
}

/** How many times cheaper than `other` is our contestant in this row? */
function cheaper(row: string, other = 'ws', ours = 'engine'): Target['measure'] {
  return (results) => ratio(figureIn(results, row, other), figureIn(results, row, ours))
}

/** How many times what `other` costs does our contestant cost in this row? */
function costs(row: string, other: string, ours: string): Target['measure'] {
  return (results) => ratio(figureIn(results, row, ours), figureIn(results, row, other))
}

function atLeast(name: string, value: number, measure: Target['measure']): Target {
  return { name, bound: 'at least', value, unit: 'x', measure }
}

function atMost(name: string, value: number, measure: Target['measure'], unit: Target['unit'] = 'x'): Target {
  return { name, bound: 'at most', value, unit, measure }
}

/** What one tick takes on the wire, of what it would take uncompressed. */
function bytesOfTicker(results: Results): number | undefined {
  const row = results.rows.find(({ id }) => id === 'ticker')
  return ratio(cellIn(row, 'engine')?.bytesPerMessage, TICK_FRAME)
}

function publishing(row: string, label: string): readonly Target[] {
  return [
    atLeast(`${label}, against Socket.IO rooms`, 2, cheaper(row, 'rooms', 'realtime')),
    atMost(`${label}, cost against the engine's bare broadcast`, 1.3, costs(row, 'engine', 'realtime')),
    atLeast(`${label}, against Centrifugo`, 1, cheaper(row, 'centrifugo', 'realtime')),
  ]
}

export const TARGETS: readonly Target[] = [
  atLeast('echo 125 B, 1 in flight', 1.12, cheaper('echo-125-1')),
  atLeast('echo 125 B, 32 in flight', 15, cheaper('echo-125-32')),
  atLeast('echo 1 KiB, 32 in flight', 8.5, cheaper('echo-1024-32')),
  atLeast('echo 16 KiB, 1 in flight', 1.3, cheaper('echo-16384-1')),
  atLeast('echo 16 KiB, 1 in flight, payloads lent', 1.3, cheaper('echo-16384-1', 'ws', 'lent')),
  atLeast('echo 1 MiB, 1 in flight', 1.3, cheaper('echo-1048576-1')),
  atLeast('echo 1 MiB, 1 in flight, payloads lent', 1.3, cheaper('echo-1048576-1', 'ws', 'lent')),
  atLeast('broadcast to 1,000', 1.35, cheaper('broadcast-1000')),
  atLeast('broadcast to 1,000, bursts of 16', 15, cheaper('bursts')),
  atLeast('compressed broadcast, 1 KiB to 1,000', 11, cheaper('compressed')),
  atMost("compressed broadcast, cost against Bun's", 0.5, costs('compressed', 'bun', 'engine')),
  atMost('idle connection, own listener', 3600, (results) => figureIn(results, 'idle', 'engine'), 'bytes'),
  // The 3,600 bytes stand beside 5,899 of ws and 2,895 of a bare socket. Those figures are larger than what is left
  // of them when a server has collected all garbage, as it has here: so the proportions are judged too.
  atLeast('idle connection, proportion to ws (5,899 to 3,600)', 1.64, cheaper('idle')),
  atMost('idle connection, proportion to a bare socket (3,600 to 2,895)', 1.24, costs('idle', 'net', 'engine')),
  atLeast('handshake, own listener', 1.8, cheaper('handshake')),
  ...publishing('publish-1000', 'publish to 1,000'),
  ...publishing('publish-10000', 'publish to 10,000'),
  atMost('JSON ticker, shared takeover: bytes of the uncompressed', 0.3, bytesOfTicker),
]

export function judge(results: Results, targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.map((target) => {
    const measured = target.measure(results)
    if (measured === undefined) return { target, measured, isMet: undefined }
    return {
      target,
      measured,
      isMet: target.bound === 'at least' ? measured >= target.value : measured <= target.value,
    }
  })
}
