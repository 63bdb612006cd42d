// Who takes part: how each is started, and how the load generator speaks to it. A contestant is one program in servers/,
// written as its own documentation would have it. What is not on this machine says why, and what would bring it.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a workload asks of a server beyond an echo. */
export type Flag = '--deflate' | '--tls'

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
  /** Program and arguments of a server that listens on this port, prints a line once it does, and collects garbage on SIGUSR2. */
  readonly command: (port: number, flags: readonly Flag[]) => readonly string[]
  /** How its connections come: arguments of wsload, such as `--path` or `--sub-text`. */
  readonly load: readonly string[]
  readonly missing: () => Missing | null
}

export const SETUP = 'npm run bench:setup'
const NODE = [process.execPath, '--conditions=tautline-source', '--expose-gc']
const NO_ARGUMENTS: readonly string[] = []

function server(script: string): string {
  return join(import.meta.dirname, 'servers', script)
}

function onNode(id: string, name: string, script: string, args: readonly string[], load = NO_ARGUMENTS): Contestant {
  const command = (port: number, flags: readonly Flag[]): readonly string[] => {
    return [...NODE, server(script), String(port), ...args, ...flags]
  }
  return { id, name, command, load, missing: () => null }
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

export const CONTESTANTS: readonly Contestant[] = [
  onNode('ws', 'ws', 'ws.ts', ['ws']),
  onNode('cork', 'ws, corked by hand', 'ws-cork.ts', []),
  onNode('engine', 'Tautline engine', 'engine.ts', []),
  onNode('face', 'Tautline ws face', 'ws.ts', ['@tautline/ws']),
  bun,
  onNode('socketio', 'Socket.IO', 'socketio.ts', [], ['--sio', '--path', '/socket.io/?EIO=4&transport=websocket']),
  onNode('net', 'node:net, no WebSocket', 'net.ts', [], ['--raw']),
]

export function contestant(id: string): Contestant {
  const found = CONTESTANTS.find((one) => one.id === id)
  if (found === undefined) throw new Error(`there is no contestant ${id}`)
  return found
}
