// Requests on the public port that ask for no WebSocket: the HTTP API, in development the page to try it out, and
// nothing else. A bound on connections and on time holds for all of them.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Log } from './log.ts'
import type { Monitoring } from './monitoring.ts'
import { isLoopbackName } from './settings.ts'

/** What holds for connections that ask for no WebSocket. */
export interface HttpBounds {
  readonly connections: number
  /** ms until a request is whole, from the connection or the answer before on. */
  readonly request: number
  /** ms for a request and its answer. */
  readonly answer: number
}

const BOUNDS: HttpBounds = { connections: 1_000, request: 10_000, answer: 60_000 }

export interface Served {
  /** Of the WebSocket endpoint: who asks for it like a page is told what it is. */
  readonly path: string
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
  /** What each of them is given time for. */
  private readonly connections: Map<Socket, NodeJS.Timeout> = new Map()
  private readonly busy: Set<Socket> = new Set()
  private readonly bounds: HttpBounds
  private stopping = false

  constructor(log: Log, bounds: HttpBounds = BOUNDS) {
    this.log = log
    this.bounds = bounds
    this.app = new Hono()
    const listener = getRequestListener((request, env) => this.app.fetch(request, env), {
      overrideGlobalObjects: false,
    })
    this.server = createServer((request, response) => {
      this.began(request.socket, response)
      void listener(request, response)
    })
    // It never listens itself: the engine hands it connections, and Node counts and times only those of a port of its own.
    this.server.keepAliveTimeout = bounds.request / 2
    this.server.on('connection', (connection: Socket) => this.enter(connection))
    this.server.on('clientError', (_error, connection) => connection.destroy())
  }

  serve({ path, api, page, monitoring, loopbackOnly }: Served): void {
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
    app.all(path, (context) => {
      const error = 'this is a WebSocket endpoint: connect with @tautline/client, or any client of tautline.v1'
      return context.json({ error }, 426, { upgrade: 'websocket', connection: 'upgrade' })
    })
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
    for (const connection of this.connections.keys()) if (!this.busy.has(connection)) connection.destroy()
  }

  cut(): void {
    for (const connection of this.connections.keys()) connection.destroy()
  }

  private enter(connection: Socket): void {
    if (this.connections.size >= this.bounds.connections || this.stopping) {
      connection.destroy()
      return
    }
    this.allow(connection, this.bounds.request)
    connection.once('close', () => {
      clearTimeout(this.connections.get(connection))
      this.connections.delete(connection)
      this.busy.delete(connection)
    })
  }

  private began(connection: Socket, response: ServerResponse): void {
    this.busy.add(connection)
    this.allow(connection, this.bounds.answer)
    if (this.stopping) response.setHeader('connection', 'close')
    response.once('close', () => {
      this.busy.delete(connection)
      if (this.stopping) connection.end()
      else if (this.connections.has(connection)) this.allow(connection, this.bounds.request)
    })
  }

  private allow(connection: Socket, ms: number): void {
    clearTimeout(this.connections.get(connection))
    this.connections.set(connection, setTimeout(() => connection.destroy(), ms).unref())
  }
}
