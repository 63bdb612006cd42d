// Where a server is reached: HTTP servers of the application that it is attached to, and ports of its own. What comes in
// passes admission and the list of origins, and is handed over as a link.

import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { createServer, type Server, type ServerOptions, type TlsReload } from '@tautline/websocket'
import { doorOf, Visit } from '../admission/door.ts'
import type { Link, LinkRequest } from '../link.ts'
import type { Node } from '../node.ts'
import type { RealtimeOptions } from '../options.ts'
import type { Origins } from '../origins/origins.ts'
import { shown } from '../rules/settings.ts'
import { linkRequestOf, SUBPROTOCOLS, WebSocketLink } from './websocket.ts'

/** What the engine may hold for one connection beyond the session's own queues. */
const ENGINE_BUFFER = 67_108_864

export interface ListenOptions {
  readonly port: number
  readonly host?: string
  readonly tls?: NonNullable<ServerOptions['tls']>
  /** Gets every request that does not ask for a WebSocket. */
  readonly http?: HttpServer
}

export interface PortsContext {
  readonly node: Node
  readonly origins: Origins
  readonly options: Pick<RealtimeOptions, 'path' | 'compression'>
  accept(link: Link, request: LinkRequest): void
}

/** All of one server. */
export class Ports {
  private readonly context: PortsContext
  private readonly engines: Set<Server> = new Set()
  /** Those that speak TLS on a port of their own. */
  private readonly secure: Set<Server> = new Set()
  private closed = false

  constructor(context: PortsContext) {
    this.context = context
  }

  attach(server: HttpServer | HttpsServer): void {
    this.serve({ server })
  }

  /** @returns the port, once it is open */
  async listen(options: ListenOptions): Promise<number> {
    const { port } = (options ?? {}) as Partial<ListenOptions>
    if (!Number.isInteger(port))
      throw new TypeError(`listen() needs a port, such as listen({ port: 8080 }), not ${shown(port)}`)
    const engine = this.serve(options)
    await engine.listening
    return engine.address()?.port ?? options.port
  }

  reloadTls(tls: TlsReload): void {
    for (const engine of this.secure) engine.reloadTls(tls)
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(Array.from(this.engines, (engine) => engine.close()))
  }

  private serve(where: Pick<ServerOptions, 'port' | 'host' | 'tls' | 'http' | 'server'>): Server {
    const { node, options, origins } = this.context
    const { admission, metrics, log, clock } = node
    if (this.closed) throw new Error('this server was closed: make another one with createRealtime()')
    const engine = createServer(
      {
        ...where,
        ...doorOf({ admission, metrics, listens: where.port !== undefined, log, clock }),
        path: options.path ?? '/realtime',
        subprotocols: SUBPROTOCOLS,
        origins: (_, request) => origins.judge(request),
        compression: options.compression ?? false,
        maxPayload: node.limits.frame,
        maxBuffered: ENGINE_BUFFER,
        // Sessions have a heartbeat of their own, which clients that cannot see pings notice too.
        heartbeat: false,
      },
      (carrier, request) => {
        const its = new Visit(admission, request)
        this.context.accept(new WebSocketLink(carrier, its), linkRequestOf(request, its.address))
      },
    )
    this.engines.add(engine)
    if (where.tls !== undefined) this.secure.add(engine)
    return engine
  }
}
