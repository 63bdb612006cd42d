// What a supervisor asks: is the process alive (/health), may it get clients (/ready), and what does it count (/metrics).
// It answers on a port of its own, or on the public one where the configuration says so. Nothing else is served.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { collectDefaultMetrics, Registry } from '@platformatic/prom-client'
import type { Sample } from '@tautline/server'
import { CONTENT_TYPE, expose } from './exposition.ts'
import { isLoopbackName } from './settings.ts'

export type Phase = 'starting' | 'ready' | 'draining'

export interface Watched {
  readonly phase: () => Phase
  /** Does the store answer? */
  readonly isStoreUp: () => Promise<boolean>
  readonly samples: () => readonly Sample[]
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Answers the three questions. */
export class Monitoring {
  private readonly watched: Watched
  private readonly process: Registry
  private readonly startedAt: number = performance.now()

  constructor(watched: Watched) {
    this.watched = watched
    this.process = new Registry()
    collectDefaultMetrics({ register: this.process })
  }

  /** @returns null: there is nothing at this path */
  async answer(path: string): Promise<Answer | null> {
    switch (path) {
      case '/health':
        return json(200, { status: 'alive', uptime: Math.round((performance.now() - this.startedAt) / 1_000) })
      case '/ready':
        return this.ready()
      case '/metrics':
        return { status: 200, type: CONTENT_TYPE, body: await this.metrics() }
      default:
        return null
    }
  }

  private async ready(): Promise<Answer> {
    const phase = this.watched.phase()
    const reason = phase === 'ready' ? ((await this.watched.isStoreUp()) ? null : 'the store is out of reach') : phase
    return reason === null ? json(200, { status: 'ready' }) : json(503, { status: 'not ready', reason })
  }

  private async metrics(): Promise<string> {
    // The library writes 'Nan' where the format has 'NaN': lags, before the first second is over.
    const own = (await this.process.metrics()).replaceAll(/ Nan$/gm, ' NaN')
    return `${expose(this.watched.samples())}${own.endsWith('\n') ? own : `${own}\n`}`
  }
}

/** @returns the server, listening */
export function listenForMonitoring(monitoring: Monitoring, port: number, host: string): Promise<Server> {
  const loopbackOnly = isLoopbackName(host)
  const server = createServer((request, response) => {
    // A page whose name points at this machine (DNS rebinding) would read it with the browser of whoever visits it.
    if (loopbackOnly && !isLoopbackName(URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '')) {
      const { status, type, body } = json(421, {
        error: `asked by a name that is not this machine's: listen on another address for that`,
      })
      response.writeHead(status, { 'content-type': type, ...CLOSED }).end(body)
      return
    }
    const path = (request.url ?? '').split('?')[0] ?? ''
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    const refused = json(405, { error: 'only GET and HEAD' })
    const found = isReading ? monitoring.answer(path) : Promise.resolve(refused)
    void found.then((answer) => {
      const { status, type, body } = answer ?? json(404, { error: 'there is /health, /ready and /metrics' })
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...CLOSED }).end(body)
    })
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  server.maxConnections = 100
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Nobody asks so often that a connection is worth keeping; a kept one would hold up the stop. */
const CLOSED = { connection: 'close', 'x-content-type-options': 'nosniff' }

function json(status: number, body: Readonly<Record<string, unknown>>): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` }
}
