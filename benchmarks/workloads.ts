// What is measured: one row of the tables each. Lower figures are better.

import type { Flag } from './contestants.ts'

/** How long a measurement runs. */
export interface Pace {
  readonly seconds: number
  /** Before it: connections, caches and compilers settle. */
  readonly warm: number
  /** Connections that are held for their memory. */
  readonly idle: number
}

export const FULL: Pace = { seconds: 0.9, warm: 0.4, idle: 10_000 }
export const QUICK: Pace = { seconds: 0.5, warm: 0.4, idle: 3000 }

/** µs of server CPU a message (a handshake), or bytes of memory a connection. */
export type Unit = 'µs' | 'bytes'

export interface Workload {
  readonly id: string
  readonly name: string
  readonly unit: Unit
  /** Who takes part, by id. */
  readonly contestants: readonly string[]
  /** Does it belong to a quick run? */
  readonly isQuick: boolean
  readonly flags: readonly Flag[]
  /** A program publishes at this pace: turns a second, and messages in each. */
  readonly publishing?: { readonly rate: number; readonly burst: number }
  /** Arguments of wsload. */
  readonly load: (pace: Pace) => readonly string[]
  /** About how long one measurement takes, server's start included. */
  readonly seconds: (pace: Pace) => number
}

const SERVERS = ['ws', 'engine', 'face', 'bun', 'socketio']
const ECHOING = [...SERVERS, 'net']
/** Corking by hand is for those who send more than one message a turn. */
const BATCHING = ['ws', 'cork', 'engine', 'face', 'bun', 'socketio']

const KiB = 1024
/** Lending is for payloads whose memory counts. */
const LENT_FROM = KiB
const START = 0.4

function timed({ seconds, warm }: Pace): readonly string[] {
  return ['--secs', String(seconds), '--warm', String(warm)]
}

/** Fewer connections where 64 would keep gigabytes in flight. */
function connectionsFor(size: number, depth: number): number {
  return Math.min(64, Math.max(4, (128 * KiB * KiB) / (size * depth)))
}

function echo(size: number, label: string, depth: number, isQuick = false): Workload {
  const args = ['--mode', 'echo', '--conns', String(connectionsFor(size, depth)), '--size', String(size)]
  return {
    id: `echo-${size}-${depth}`,
    name: `echo ${label}, ${depth} in flight`,
    unit: 'µs',
    contestants: [...(depth === 1 ? SERVERS : BATCHING), ...(size < LENT_FROM ? [] : ['lent']), 'net'],
    isQuick,
    flags: [],
    load: (pace) => [...args, '--depth', String(depth), '--verify', ...timed(pace)],
    seconds: (pace) => START + pace.warm + pace.seconds,
  }
}

function tlsEcho(size: number, label: string, depth: number): Workload {
  const plain = echo(size, label, depth)
  return {
    ...plain,
    id: `tls-${size}-${depth}`,
    name: `TLS ${plain.name}`,
    contestants: ECHOING,
    flags: ['--tls'],
    load: (pace) => [...plain.load(pace), '--tls'],
  }
}

const SETTLE = 0.3
/** Handshakes a second of the slowest, to tell how long a run will take. */
const CONNECTS_PER_SECOND = 8000

/** Bytes of a tick as wsload makes it, and of the head of its frame. */
export const TICK_FRAME = 115

interface Broadcast {
  readonly id: string
  readonly name: string
  readonly connections: number
  readonly burst?: number
  readonly more?: readonly string[]
  readonly isQuick?: boolean
}

function broadcast({ id, name, connections, burst = 1, more = [], isQuick = false }: Broadcast): Workload {
  const args = ['--mode', 'fanout', '--conns', String(connections), '--burst', String(burst), ...more]
  // A round to 10,000 takes a tenth of a second.
  const longer = connections > 1000 ? 1.5 : 1
  const scaled = (pace: Pace): Pace => ({ ...pace, seconds: pace.seconds * longer, warm: pace.warm * longer })
  return {
    id,
    name,
    unit: 'µs',
    contestants: burst === 1 ? SERVERS : BATCHING,
    isQuick,
    flags: more.includes('--deflate') ? ['--deflate'] : [],
    load: (pace) => [...args, '--settle', String(SETTLE), ...timed(scaled(pace))],
    seconds: (pace) => START + connections / CONNECTS_PER_SECOND + SETTLE + (pace.warm + pace.seconds) * longer,
  }
}

const compressedJson = ['--deflate', '--json', '--size', String(KiB)]

/** The engine compresses once, with what went before as context; who has no such thing compresses as it can. */
const ticker: Workload = {
  ...broadcast({
    id: 'ticker',
    name: 'compressed broadcast, JSON ticker to 1,000',
    connections: 1000,
    more: ['--deflate', '--ticker'],
  }),
  contestants: ['ws', 'engine', 'face', 'bun'],
  flags: ['--deflate', '--shared'],
}

interface Publishing {
  readonly subscribers: number
  /** Turns a second. */
  readonly rate: number
  readonly burst?: number
  readonly isQuick?: boolean
}

/**
 * The realtime layer: publications with history, at an even pace that is the same for all and below what the slowest can
 * do. The generator sleeps on the clock, so that no server has to wake it. The engine's bare broadcast is the yardstick.
 */
function publish({ subscribers, rate, burst = 1, isQuick = false }: Publishing): Workload {
  const args = ['--mode', 'fanout', '--conns', String(subscribers), '--no-pub', '--lines', '--stamped', '--nap', '200']
  const longer = subscribers > 1000 ? 3 : 2
  const scaled = (pace: Pace): Pace => ({ ...pace, seconds: pace.seconds * longer, warm: pace.warm * longer })
  return {
    id: burst === 1 ? `publish-${subscribers}` : 'publish-bursts',
    name: `publish to ${subscribers.toLocaleString('en')}${burst === 1 ? '' : `, bursts of ${burst}`}`,
    unit: 'µs',
    contestants: ['engine', 'realtime', 'rooms', 'centrifugo'],
    isQuick,
    flags: [],
    publishing: { rate, burst },
    load: (pace) => [...args, '--settle', String(SETTLE), ...timed(scaled(pace))],
    seconds: (pace) => 2 * START + subscribers / CONNECTS_PER_SECOND + SETTLE + (pace.warm + pace.seconds) * longer,
  }
}

const handshake: Workload = {
  id: 'handshake',
  name: 'handshake',
  unit: 'µs',
  contestants: SERVERS,
  isQuick: true,
  flags: [],
  load: (pace) => ['--mode', 'handshake', '--conns', '32', '--abort', ...timed(pace)],
  seconds: (pace) => START + pace.warm + pace.seconds,
}

/** Slope between a tenth of the connections and all: what a server allocates once is left out. */
const idle: Workload = {
  id: 'idle',
  name: 'idle connection',
  unit: 'bytes',
  contestants: ECHOING,
  isQuick: true,
  flags: [],
  load: (pace) => ['--mode', 'idle', '--conns', String(pace.idle), '--gc-signal', '--secs', '0.2', '--src-ips', '4'],
  // It waits for the garbage collector three times.
  seconds: (pace) => START + pace.idle / CONNECTS_PER_SECOND + 4.5,
}

export const WORKLOADS: readonly Workload[] = [
  echo(16, '16 B', 1),
  echo(16, '16 B', 32),
  echo(125, '125 B', 1, true),
  echo(125, '125 B', 32, true),
  echo(KiB, '1 KiB', 1),
  echo(KiB, '1 KiB', 32, true),
  echo(16 * KiB, '16 KiB', 1, true),
  echo(16 * KiB, '16 KiB', 32),
  echo(KiB * KiB, '1 MiB', 1, true),
  echo(KiB * KiB, '1 MiB', 32),
  broadcast({ id: 'broadcast-1000', name: 'broadcast to 1,000', connections: 1000, isQuick: true }),
  broadcast({ id: 'broadcast-10000', name: 'broadcast to 10,000', connections: 10_000 }),
  broadcast({
    id: 'bursts',
    name: 'broadcast to 1,000, bursts of 16',
    connections: 1000,
    burst: 16,
    isQuick: true,
  }),
  broadcast({
    id: 'compressed',
    name: 'compressed broadcast, 1 KiB to 1,000',
    connections: 1000,
    more: compressedJson,
    isQuick: true,
  }),
  ticker,
  tlsEcho(125, '125 B', 1),
  tlsEcho(125, '125 B', 32),
  handshake,
  idle,
  publish({ subscribers: 1000, rate: 50, isQuick: true }),
  publish({ subscribers: 10_000, rate: 4 }),
  publish({ subscribers: 1000, rate: 5, burst: 16 }),
]
