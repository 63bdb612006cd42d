// Requests on the public port that ask for no WebSocket: the HTTP API, in development the page to try it out, and
// nothing else. A bound on connections and on time holds for all of them.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Log } from './log.ts'
import type { Monitoring } from './monitoring.ts'
import { isLoopbackName } from './settings.ts'

/** Connections that ask for no WebSocket. */
const MOST = 1_000
/** ms without a byte, and for one whole request with its answer. */
const IDLE = 10_000
const LONGEST = 60_000

export interface Served {
  readonly api: Hono | null
  readonly page: Hono | null
  readonly monitoring: Monitoring | null
  /** Answers nobody who calls this machine by a strange name (DNS rebinding). */
  readonly loopbackOnly: boolean
}

/** The HTTP side of the public port. What it serves can be exchanged while it runs. */
export class HttpSide {
  readonly server: Server
  private app: Hono
  private readonly log: Log
  private readonly connections: Set<Socket> = new Set()
  private stopping = false

  constructor(log: Log) {
    this.log = log
    this.app = new Hono()
    const listener = getRequestListener((request, env) => this.app.fetch(request, env), {
      overrideGlobalObjects: false,
    })
    this.server = createServer((request, response) => {
      this.limit(request, response)
      void listener(request, response)
    })
    // It never listens itself: the engine hands it connections, and Node counts and times only those of a port of its own.
    this.server.timeout = IDLE
    this.server.keepAliveTimeout = IDLE / 2
    this.server.on('connection', (connection: Socket) => this.enter(connection))
    this.server.on('clientError', (_error, connection) => connection.destroy())
  }

  serve({ api, page, monitoring, loopbackOnly }: Served): void {
    const app = new Hono()
    if (loopbackOnly) {
      app.use(async (context, next) => {
        const host = URL.parse(`http://${context.req.header('host') ?? ''}`)?.hostname ?? ''
        if (!isLoopbackName(host)) return context.json({ error: 'a development server answers to localhost only' }, 421)
        return next()
      })
    }
    if (monitoring !== null) {
      app.get('/:name{health|ready|metrics}', async (context) => {
        const answer = await monitoring.answer(context.req.path)
        return answer === null
          ? context.notFound()
          : new Response(answer.body, { status: answer.status, headers: { 'content-type': answer.type } })
      })
    }
    if (page !== null) app.route('/', page)
    if (api !== null) app.route('/', api)
    app.notFound((context) => context.json({ error: 'there is nothing here' }, 404))
    app.onError((error, context) => {
      this.log.error('request failed', { path: context.req.path, error: error.message })
      return context.json({ error: 'the server failed' }, 500)
    })
    this.app = app
  }

  /** Lets what is under way end, and closes all else. */
  stop(): void {
    this.stopping = true
    this.server.closeIdleConnections()
    for (const connection of this.connections) if (!isBusy(connection)) connection.destroy()
  }

  cut(): void {
    for (const connection of this.connections) connection.destroy()
  }

  private enter(connection: Socket): void {
    if (this.connections.size >= MOST || this.stopping) {
      connection.destroy()
      return
    }
    this.connections.add(connection)
    connection.once('close', () => this.connections.delete(connection))
  }

  private limit(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    busy.add(socket)
    if (this.stopping) response.setHeader('connection', 'close')
    const timer = setTimeout(() => socket.destroy(), LONGEST).unref()
    response.once('close', () => {
      clearTimeout(timer)
      busy.delete(socket)
      if (this.stopping) socket.end()
    })
  }
}

/** Connections with a request under way. */
const busy: WeakSet<Socket> = new WeakSet()

function isBusy(connection: Socket): boolean {
  return busy.has(connection)
}
