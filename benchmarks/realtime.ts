// The realtime layer measured: a publisher publishes at an even pace (open loop), subscribers count what arrives, and the
// figure is the server's CPU time per message delivered. The pace is the same for all, and below what the slowest can do.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { centrifugoBinary } from './contestants.ts'
import type { Measurement } from './load.ts'

const HERE = import.meta.dirname
const GENERATOR = join(HERE, '.build/wsload')

/** A server, how its subscribers come to it, and who publishes to it. */
export interface RealtimeContestant {
  readonly name: string
  /** Program and arguments that serve a port of 127.0.0.1, in an environment with these variables. */
  readonly command: (port: number) => { readonly argv: readonly string[]; readonly env?: Record<string, string> }
  /** Arguments of wsload: path, and what a subscriber says. */
  readonly subscribers: readonly string[]
  /** A program of publishers/. */
  readonly publisher: string
}

/** How much of it. */
export interface RealtimeLoad {
  readonly subscribers: number
  /** Turns of the publisher a second, and messages in each. */
  readonly rate: number
  readonly burst: number
  /** Seconds. */
  readonly secs: number
  readonly warm: number
}

function script(name: string, ...more: readonly string[]): RealtimeContestant['command'] {
  return (port) => ({ argv: [process.execPath, '--expose-gc', join(HERE, 'servers', name), `${port}`, ...more] })
}

const CONNECT = {
  id: 1,
  op: 'connect',
  client: 'q83vEjRWeJCrze8SNFZ4kA',
  features: [],
  resume: [{ ch: 'bench', from: 'head' }],
}
const CENTRIFUGO_CONNECT = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"bench"}}'

export const TAUTLINE: RealtimeContestant = {
  name: 'Tautline realtime',
  command: script('realtime.ts'),
  subscribers: ['--path', '/realtime', '--sub-text', JSON.stringify(CONNECT)],
  publisher: 'tautline.ts',
}

export const SOCKET_IO: RealtimeContestant = {
  name: 'Socket.IO rooms',
  command: script('realtime-socketio.ts'),
  subscribers: ['--sio', '--path', '/socket.io/?EIO=4&transport=websocket'],
  publisher: 'socketio.ts',
}

/** The yardstick: the same bytes to the same number, and nothing kept. */
export const BARE_BROADCAST: RealtimeContestant = {
  name: 'engine, bare broadcast',
  command: script('engine.ts'),
  subscribers: [],
  publisher: 'engine.ts',
}

/** Only where `centrifugoBinary` finds one. */
export const CENTRIFUGO_V6: RealtimeContestant = {
  name: 'Centrifugo',
  command: (port) => ({
    argv: [centrifugoBinary() ?? 'centrifugo', '--config', join(HERE, 'servers/centrifugo.json')],
    env: { CENTRIFUGO_HTTP_SERVER_PORT: `${port}` },
  }),
  subscribers: ['--path', '/connection/websocket', '--sub-text', CENTRIFUGO_CONNECT],
  publisher: 'centrifugo.ts',
}

/** What one run gave: wsload's line. A message is a publication delivered to one subscriber. */
export type RealtimeMeasurement = Measurement

/** Measures one contestant once: its server on the first core, publisher and generator on the second. */
export async function measureRealtime(
  contestant: RealtimeContestant,
  load: RealtimeLoad,
): Promise<RealtimeMeasurement> {
  const port = await freePort()
  const { argv, env } = contestant.command(port)
  const started: ChildProcess[] = []
  const start = (core: number, command: readonly string[], more: Record<string, string> = {}): ChildProcess => {
    const options = { env: { ...process.env, ...more }, stdio: ['pipe', 'pipe', 'inherit'] as const }
    const child = spawn('taskset', ['-c', `${core}`, ...command], { ...options, stdio: [...options.stdio] })
    started.push(child)
    return child
  }
  try {
    const server = start(0, argv, env)
    await reached(port, server)
    const pace = [`${port}`, `${load.rate}`, `${load.burst}`]
    const publisher = start(1, [process.execPath, join(HERE, 'publishers', contestant.publisher), ...pace])
    await line(publisher, 'ready')
    const generator = start(1, [GENERATOR, ...argumentsOf(contestant, load, port, server.pid as number)])
    const measured = line(generator, '{')
    await line(generator, 'open')
    publisher.stdin?.write('go\n')
    return JSON.parse(await measured) as RealtimeMeasurement
  } finally {
    await Promise.all(started.map(ended))
  }
}

function argumentsOf({ subscribers }: RealtimeContestant, load: RealtimeLoad, port: number, pid: number): string[] {
  return [
    ...['--mode', 'fanout', '--no-pub', '--lines', '--port', `${port}`, '--pid', `${pid}`],
    ...['--conns', `${load.subscribers}`, '--secs', `${load.secs}`, '--warm', `${load.warm}`],
    ...['--nap', '500', ...subscribers],
  ]
}

/** Resolves with the first line that begins so; rejects if the process ends before. */
function line(child: ChildProcess, beginning: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', (text) => {
      if (text.startsWith(beginning)) resolve(text)
    })
    lines.once('close', () => reject(new Error(`${child.spawnargs.join(' ')} ended without "${beginning}"`)))
  })
}

/** Resolves when somebody listens on the port. */
async function reached(port: number, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`${server.spawnargs.join(' ')} ended with ${server.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
