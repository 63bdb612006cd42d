// docs/reports/idle-scale.md: what main.ts measured, and how to read it.

import { cpus, release } from 'node:os'
import type { Share } from './snapshot.ts'

/** Slopes in bytes per connection; `seconds` and µs of CPU per connection until all were in. */
export interface Crowd {
  readonly kind: string
  readonly rss: number
  readonly live: number
  readonly heap: number
  readonly seconds: number
  readonly cpu: number
}

/** CPU of an idle server, in ns for each connection and second. */
export interface Beat {
  readonly kind: string
  readonly nsPerSecond: number
}

/** What a connection is made of. */
export interface Parts {
  readonly kind: string
  readonly shares: readonly Share[]
}

export interface Findings {
  readonly few: number
  readonly all: number
  readonly crowds: readonly Crowd[]
  readonly beats: readonly Beat[]
  readonly parts: readonly Parts[]
  /** The window of the heartbeat. */
  readonly seconds: number
}

/** What is smaller is summed up. */
const SHOWN_FROM = 8

export function report({ few, all, crowds, beats, parts, seconds }: Findings): string {
  return `# Idle scale

Written by \`npm run bench:idle -- --write\`, ${new Date().toISOString().slice(0, 10)}: Node ${process.versions.node}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, one process
with ${count(all)} connections that do nothing (a process has at most 20,000 files here). The kernel's own memory is not in these figures.

## Memory and the time to let them in

Slopes between ${count(few)} and ${count(all)} connections, in bytes for each. *Resident* is what the process has more of. *Heap* is V8's part of
it, *live* the objects in it; the rest lies outside of V8, mostly libuv's handle for the socket. Before each reading garbage is collected as
V8 does when memory is short: an ordinary collection keeps the space for new objects as large as it grew while the connections came, or gives
it back, by how busy the last seconds were, which made this figure jump by half from run to run.

${table(
  ['', 'resident', 'heap', 'live', 'outside of V8', 'all in after', 'CPU for each'],
  crowds.map(({ kind, rss, live, heap, seconds: secs, cpu }) => [
    kind,
    count(rss),
    count(heap),
    count(live),
    count(rss - heap),
    kind === 'net' ? '' : `${secs.toFixed(2)} s`,
    `${cpu.toFixed(0)} µs`,
  ]),
)}

The generator has 128 handshakes under way at a time. To bare streams nothing answers that would hold it back, so they overrun the backlog, and
no time is given for them. Resident memory grows by less than the sum where memory that was freed while the server started is used again: the counts below have no such luck.
${beats.length === 0 ? '' : heartbeat(beats, all, seconds)}${parts.map(made).join('')}`
}

function heartbeat(beats: readonly Beat[], all: number, seconds: number): string {
  const cost = (beats[0]?.nsPerSecond ?? 0) - (beats[1]?.nsPerSecond ?? 0)
  return `
## The heartbeat

CPU of the server over ${seconds} s in which nothing comes but what the heartbeat asks for, at the default interval: each connection is looked at
twice, pinged once, and its pong is read. One timer for all of them.

${table(
  ['', 'ns for each connection and second', `share of a core at ${count(all)}`],
  beats.map(({ kind, nsPerSecond }) => [kind, nsPerSecond.toFixed(0), share(nsPerSecond, all)]),
)}

The realtime server's sessions have a heartbeat of their own, on one timer that looks at each of them once a second; its row has these looks
and no pings (the first is due after 24 s).

So the engine's heartbeat costs ${cost.toFixed(0)} ns for each connection and second, ${((cost * seconds) / 1000).toFixed(1)} µs for a ping, its pong and two looks.
`
}

function share(ns: number, all: number): string {
  return `${((ns * all) / 1e7).toFixed(2)} %`
}

function made({ kind, shares }: Parts): string {
  const shown = shares.filter(({ bytes }) => bytes >= SHOWN_FROM)
  const sum = (list: readonly Share[]): number => list.reduce((all, { bytes }) => all + bytes, 0)
  const rest = sum(shares) - sum(shown)
  return `
## What a connection is made of: ${kind}

Counted in heap snapshots: ${count(sum(shares))} bytes.

${table(
  ['what', 'how many', 'bytes'],
  [
    ...shown.map(({ name, objects, bytes }) => [name.replaceAll('|', '/'), objects.toFixed(2), bytes.toFixed(0)]),
    ...(rest >= 1 ? [['smaller ones', '', rest.toFixed(0)]] : []),
  ],
)}
`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
