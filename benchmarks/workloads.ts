// What is measured: one row of the table each, with the figure that is compared (lower is better).

import type { Measurement } from './load.ts'

export interface Workload {
  readonly name: string
  readonly unit: string
  readonly args: readonly string[]
  /** Arguments for the server. */
  readonly server: readonly string[]
  readonly figure: (measurement: Measurement) => number
}

const cpu = (measurement: Measurement): number => measurement.cpu_us_per_msg ?? Number.NaN

function echo(size: number, depth: number, label: string): Workload {
  const args = ['--mode', 'echo', '--conns', '64', '--size', String(size), '--depth', String(depth), '--verify']
  return { name: `echo ${label}, ${depth} in flight`, unit: 'µs CPU', args, server: [], figure: cpu }
}

function fanout(conns: number, burst: number, label: string, more: readonly string[] = []): Workload {
  const args = ['--mode', 'fanout', '--conns', String(conns), '--burst', String(burst), ...more]
  return { name: label, unit: 'µs CPU', args, server: more.includes('--deflate') ? ['--deflate'] : [], figure: cpu }
}

/** `scale` shortens the run: 1 is a full measurement. */
export function workloads(scale: number): Workload[] {
  const secs = ['--secs', String(3 * scale), '--warm', String(1 * scale)]
  const idleConns = scale < 1 ? 2000 : 8000
  return [
    echo(125, 1, '125 B'),
    echo(125, 32, '125 B'),
    echo(1024, 32, '1 KiB'),
    echo(16 * 1024, 1, '16 KiB'),
    echo(1024 * 1024, 1, '1 MiB'),
    fanout(1000, 1, 'broadcast to 1,000'),
    fanout(1000, 16, 'broadcast to 1,000, bursts of 16'),
    fanout(1000, 1, 'compressed broadcast 1 KiB to 1,000', ['--deflate', '--json', '--size', '1024']),
    {
      name: 'handshake',
      unit: 'µs CPU',
      args: ['--mode', 'handshake', '--conns', '32', '--abort'],
      server: [],
      figure: cpu,
    },
    {
      name: 'idle connection',
      unit: 'bytes',
      args: ['--mode', 'idle', '--conns', String(idleConns), '--gc-signal'],
      server: [],
      figure: (measurement: Measurement) => measurement.bytes_per_conn_slope ?? Number.NaN,
    },
  ].map((workload) => ({ ...workload, args: [...workload.args, ...secs] }))
}
