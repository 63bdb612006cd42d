// The harness of the differential suite: runs a scenario with any server and any client of the two implementations and
// records what each side saw. It compares nothing itself.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as ours from '@tautline/ws'
import * as real from 'ws'

/** What a program imports; typed as the real thing. */
export interface Implementation {
  readonly name: 'ws' | 'tautline'
  readonly WebSocket: typeof real.WebSocket
  readonly WebSocketServer: typeof real.WebSocketServer
  readonly createWebSocketStream: typeof real.createWebSocketStream
}

export const REAL: Implementation = { ...pick(real), name: 'ws' }
export const OURS: Implementation = { ...pick(ours as unknown as typeof real), name: 'tautline' }
export const BOTH: readonly Implementation[] = [REAL, OURS]

function pick(of: typeof real): Omit<Implementation, 'name'> {
  const { WebSocket, WebSocketServer, createWebSocketStream } = of
  return { WebSocket, WebSocketServer, createWebSocketStream }
}

/** One side's story, in its own order. */
export class Trace {
  readonly lines: string[]

  constructor() {
    this.lines = []
  }

  add(...values: unknown[]): void {
    this.lines.push(values.map(shown).join(' '))
  }

  /** Records every event of a socket, and its state within each. */
  watch(socket: real.WebSocket): void {
    socket.on('open', () => this.add('open', socket.readyState, socket.protocol, socket.extensions))
    socket.on('message', (data, isBinary) => this.add('message', data, isBinary, socket.readyState))
    socket.on('ping', (data) => this.add('ping', data))
    socket.on('pong', (data) => this.add('pong', data))
    socket.on('error', (error) => this.add('error', error, socket.readyState))
    socket.on('close', (code, reason) => this.add('close', code, reason, socket.readyState))
  }

  /** Calls and records what was thrown. */
  attempt(label: string, call: () => unknown): void {
    try {
      call()
      this.add(label, 'returned')
    } catch (error) {
      this.add(label, 'threw', error)
    }
  }
}

function shown(value: unknown): string {
  if (value instanceof Error) return `${value.name}<${value.message}>${(value as { code?: string }).code ?? ''}`
  if (Buffer.isBuffer(value)) return value.length > 40 ? `bytes(${value.length})` : `'${value.toString('latin1')}'`
  if (value instanceof ArrayBuffer) return `ArrayBuffer'${Buffer.from(value).toString('latin1')}'`
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`
  if (value instanceof Blob) return `Blob(${value.size})`
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** What a scenario is given. */
export interface Stage {
  readonly server: Trace
  readonly client: Trace
  /** Listens and resolves with the URL; closed afterwards. */
  listen(options?: real.ServerOptions, accept?: (socket: real.WebSocket) => void): Promise<string>
  /** A watched client. */
  connect(url: string, protocols?: string[], options?: real.ClientOptions): real.WebSocket
  /** The first connection that the server took. */
  readonly accepted: Promise<real.WebSocket>
  /** The server, once it listens. */
  readonly wss: () => real.WebSocketServer
  readonly clients: Implementation
  readonly servers: Implementation
}

/** Runs a scenario and returns both stories. */
export async function perform(
  scenario: (stage: Stage) => Promise<void>,
  servers: Implementation,
  clients: Implementation,
): Promise<{ server: string[]; client: string[] }> {
  const server = new Trace()
  const client = new Trace()
  const sockets: real.WebSocket[] = []
  const open: real.WebSocketServer[] = []
  let resolve: (socket: real.WebSocket) => void
  const accepted = new Promise<real.WebSocket>((done) => {
    resolve = done
  })
  const stage: Stage = {
    server,
    client,
    accepted,
    servers,
    clients,
    wss: () => open[0] as real.WebSocketServer,
    listen: async (options = {}, accept = () => {}) => {
      const wss = new servers.WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
      open.push(wss)
      wss.on('connection', (socket) => {
        sockets.push(socket)
        server.add('connection', socket.readyState, socket.protocol, socket.extensions)
        server.watch(socket)
        accept(socket)
        resolve(socket)
      })
      await once(wss, 'listening')
      return `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`
    },
    connect: (url, protocols = [], options = {}) => {
      const socket = new clients.WebSocket(url, protocols, options)
      sockets.push(socket)
      client.watch(socket)
      return socket
    },
  }
  try {
    await scenario(stage)
  } finally {
    for (const socket of sockets) socket.terminate()
    for (const wss of open) await new Promise<void>((done) => wss.close(() => done()))
  }
  return { server: server.lines, client: client.lines }
}

/** Both sides are closed. */
export async function bothClosed(stage: Stage, socket: real.WebSocket): Promise<void> {
  const peer = await stage.accepted
  await Promise.all([closed(socket), closed(peer)])
}

/** `once` of node:events would reject at an `error` before it. */
export function closed(socket: real.WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
