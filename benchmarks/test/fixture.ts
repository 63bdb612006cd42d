// Results of a run that never was: round figures, so that what is computed from them can be told by heart.

import type { Cell, Results, Row } from '../results.ts'

function cell(contestant: string, figure: number | undefined, more: Partial<Cell> = {}): Cell {
  const rounds = figure === undefined ? [] : [figure, figure, figure]
  return { contestant, rounds, figure, perSecond: 100_000, p50: 500, p99: 12_345, others: 0.02, ...more }
}

function row(id: string, name: string, cells: readonly Cell[], unit: Row['unit'] = 'µs'): Row {
  return { id, name, unit, cells }
}

export const RESULTS: Results = {
  date: '2026-01-02',
  rounds: 3,
  secondsPerMeasurement: 1,
  idleConnections: 10_000,
  machine: { processor: '2 x <Some> & Such', memory: '4 GiB', kernel: 'Linux 6' },
  versions: { 'Node.js': '24.0.0', ws: '8.23.0' },
  contestants: {
    ws: 'ws',
    cork: 'ws, corked by hand',
    engine: 'Tautline engine',
    bun: 'Bun & <Co>',
    realtime: 'Tautline realtime',
    rooms: 'Socket.IO rooms',
  },
  rows: [
    row('echo-125-1', 'echo 125 B, 1 in flight', [cell('ws', 10), cell('engine', 8), cell('bun', 5)]),
    row('echo-125-32', 'echo 125 B, 32 in flight', [cell('ws', 8), cell('cork', 2), cell('engine', 1), cell('bun', 1)]),
    row('compressed', 'compressed broadcast', [
      cell('ws', 100),
      cell('engine', 5),
      cell('bun', undefined, { problem: 'stalled within 20 s', perSecond: undefined, p50: undefined }),
    ]),
    row('ticker', 'ticker', [cell('ws', 50), cell('engine', 5, { bytesPerMessage: 23 })]),
    row('idle', 'idle connection', [cell('ws', 6000), cell('engine', 4000, { others: 0.9 })], 'bytes'),
    row('publish-1000', 'publish to 1,000', [cell('engine', 4), cell('realtime', 5), cell('rooms', 10)]),
  ],
  skipped: [{ name: 'Centrifugo', reason: 'Centrifugo is not installed', command: 'npm run bench:setup' }],
}
