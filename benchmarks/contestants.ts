// Who takes part: how each is started, and how the load generator speaks to it. A contestant is one program in servers/,
// written as its own documentation would have it. What is not on this machine says why, and what would bring it.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a workload asks of a server beyond an echo. */
export type Flag = '--deflate' | '--shared' | '--tls'

/** Why somebody cannot take part, and the command that would bring him. */
export interface Missing {
  readonly reason: string
  readonly command: string
}

export interface Contestant {
  /** The word for `--contestants`. */
  readonly id: string
  /** What the tables call it. */
  readonly name: string
  /** Program and arguments of a server that listens on this port, and collects garbage on SIGUSR2. */
  readonly command: (port: number, flags: readonly Flag[]) => readonly string[]
  /** Variables of its environment, for those who are told the port so. */
  readonly environment?: (port: number) => Readonly<Record<string, string>>
  /** How its connections come: arguments of wsload, such as `--path`, or what a subscriber says, `--sub-text`. */
  readonly load: readonly string[]
  /** The program in publishers/ that publishes to it, in the rows of the realtime layer. */
  readonly publisher?: string
  readonly missing: () => Missing | null
}

export const SETUP = 'npm run bench:setup'
export const NODE: readonly string[] = [process.execPath, '--conditions=tautline-source', '--expose-gc']

function server(script: string): string {
  return join(import.meta.dirname, 'servers', script)
}

interface Particulars {
  readonly args?: readonly string[]
  readonly load?: readonly string[]
  readonly publisher?: string
}

function onNode(
  id: string,
  name: string,
  script: string,
  { args = [], load = [], ...more }: Particulars = {},
): Contestant {
  const command = (port: number, flags: readonly Flag[]): readonly string[] => {
    return [...NODE, server(script), String(port), ...args, ...flags]
  }
  return { id, name, command, load, missing: () => null, ...more }
}

/** The binary lies in the package of the platform; the package `bun` itself only finds it. */
export function bunBinary(): string | null {
  const libc = existsSync('/etc/alpine-release') ? '-musl' : ''
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch
  const path = `contestants/node_modules/@oven/bun-${process.platform}-${arch}${libc}/bin/bun`
  const binary = join(import.meta.dirname, path)
  return existsSync(binary) ? binary : null
}

const bun: Contestant = {
  id: 'bun',
  name: 'Bun',
  command: (port, flags) => [bunBinary() ?? 'bun', server('bun.ts'), String(port), ...flags],
  load: [],
  missing: () => (bunBinary() === null ? { reason: 'Bun is not installed', command: SETUP } : null),
}

/** Where `bench:setup` puts it, or the PATH. */
export function centrifugoBinary(): string | null {
  const folders = [join(import.meta.dirname, '.build'), ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'centrifugo')).find((file) => existsSync(file)) ?? null
}

const centrifugo: Contestant = {
  id: 'centrifugo',
  name: 'Centrifugo',
  command: () => [centrifugoBinary() ?? 'centrifugo', '--config', server('centrifugo.json')],
  environment: (port) => ({ CENTRIFUGO_HTTP_SERVER_PORT: String(port) }),
  load: [
    ...['--path', '/connection/websocket', '--sub-text'],
    '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"bench"}}',
  ],
  publisher: 'centrifugo.ts',
  missing: () => (centrifugoBinary() === null ? { reason: 'Centrifugo is not installed', command: SETUP } : null),
}

/** How a client of tautline.v1 connects and subscribes, from the head of the channel on. */
const SUBSCRIBE = JSON.stringify({
  id: 1,
  op: 'connect',
  client: 'q83vEjRWeJCrze8SNFZ4kA',
  features: [],
  resume: [{ ch: 'bench', from: 'head' }],
})

const SOCKET_IO = ['--sio', '--path', '/socket.io/?EIO=4&transport=websocket']

export const CONTESTANTS: readonly Contestant[] = [
  onNode('ws', 'ws', 'ws.ts', { args: ['ws'] }),
  onNode('cork', 'ws, corked by hand', 'ws-cork.ts'),
  onNode('engine', 'Tautline engine', 'engine.ts', { publisher: 'engine.ts' }),
  onNode('lent', 'Tautline engine, lent', 'engine.ts', { args: ['--lend'] }),
  onNode('face', 'Tautline ws face', 'ws.ts', { args: ['@tautline/ws'] }),
  bun,
  onNode('socketio', 'Socket.IO', 'socketio.ts', { load: SOCKET_IO }),
  onNode('net', 'node:net, no WebSocket', 'net.ts', { load: ['--raw'] }),
  onNode('realtime', 'Tautline realtime', 'realtime.ts', {
    load: ['--path', '/realtime', '--sub-text', SUBSCRIBE],
    publisher: 'tautline.ts',
  }),
  onNode('rooms', 'Socket.IO rooms', 'realtime-socketio.ts', { load: SOCKET_IO, publisher: 'socketio.ts' }),
  centrifugo,
]
