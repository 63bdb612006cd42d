// The class `WebSocketServer` of ws. It listens through node:http, so that applications get IncomingMessages, and judges
// handshakes by the protocol's rules.

import { EventEmitter } from 'node:events'
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  STATUS_CODES,
} from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { isTaken } from '@tautline/websocket/face'
import * as extension from './extension.ts'
import type { ServerEventArguments, ServerKnown, ServerUnknown } from './listeners.ts'
import { DEFAULTS, type Terms, termsOf } from './options.ts'
import { PerMessageDeflate } from './per-message-deflate.ts'
import { judge, responseLines } from './server-handshake.ts'
import type { AddressInfo, PerMessageDeflateOptions, ServerOptions, VerifyClientInfo } from './types.ts'
import { type Answer, abortHandshake, EXTENSIONS } from './upgrade-refusals.ts'
import { WebSocket } from './websocket.ts'

const RUNNING = 0
const CLOSING = 1
const CLOSED = 2

/** Accepted extensions by name, as ws hands them on. */
export type AcceptedExtensions = Readonly<Record<string, PerMessageDeflate>>

/** A WebSocket server: on a port of its own, attached to an HTTP server, or without either. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface below only types listeners of EventEmitter
export class WebSocketServer<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> extends EventEmitter {
  options: ServerOptions<T, U>
  declare path: string
  /** The open connections; not there with `clientTracking: false`. */
  declare clients: Set<InstanceType<T>>
  readonly #terms: Terms
  #server: HttpServer | HttpsServer | null
  #state: number
  #removeListeners: () => void
  #closeWhenEmpty: boolean

  /** @throws TypeError unless exactly one of `port`, `server` and `noServer` is given */
  constructor(options?: ServerOptions<T, U>, callback?: () => void) {
    super()
    const complete = { ...DEFAULTS, ...NO_OPTIONS, WebSocket, ...options } as ServerOptions<T, U>
    const { port, noServer, server } = complete
    const hasPort = port !== undefined && port !== null
    if (Number(hasPort) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified')
    }
    if (complete.perMessageDeflate === true) complete.perMessageDeflate = {}
    this.#terms = termsOf(complete)
    this.#state = RUNNING
    this.#closeWhenEmpty = false
    this.#removeListeners = () => {}
    this.options = complete
    if (complete.clientTracking) this.clients = new Set()
    this.#server = hasPort ? this.#listen(complete, callback) : ((server as HttpServer | undefined) ?? null)
    if (this.#server !== null) this.#attach(this.#server)
  }

  /** Where it listens; the path of a Unix socket as a string; null after `close`. @throws Error with `noServer` */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode')
    return this.#server === null ? null : (this.#server.address() as AddressInfo | string | null)
  }

  /** Takes no more connections; `close` is emitted when the last one is gone. They are not closed. */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')))
      process.nextTick(() => this.#emitClose())
      return
    }
    if (callback) this.once('close', callback)
    if (this.#state === CLOSING) return
    this.#state = CLOSING
    const server = this.#server
    this.#removeListeners()
    this.#server = null
    if (server !== null && !this.options.server) server.close(() => this.#emitClose())
    else if (this.clients !== undefined && this.clients.size > 0) this.#closeWhenEmpty = true
    else process.nextTick(() => this.#emitClose())
  }

  /** Is the request for this server? Override it to decide otherwise. */
  shouldHandle(request: InstanceType<U>): boolean | Promise<boolean> {
    const { path } = this.options
    if (!path) return true
    const { url = '' } = request
    const query = url.indexOf('?')
    return (query === -1 ? url : url.slice(0, query)) === path
  }

  /** Takes over a request that an HTTP server's `upgrade` event brought, or refuses it. */
  handleUpgrade(
    request: InstanceType<U>,
    socket: Duplex,
    upgradeHead: Buffer,
    callback: (client: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    socket.on('error', destroyStream)
    const offer = judge(request)
    if ('status' in offer) return this.#refuse(request, socket, offer)
    if (!this.shouldHandle(request)) return abortHandshake(socket, 400)
    const extensions = this.#acceptExtensions(request)
    if (extensions === null) return this.#refuse(request, socket, EXTENSIONS)
    const go = (): void =>
      this.completeUpgrade(extensions, offer.key, new Set(offer.subprotocols), request, socket, upgradeHead, callback)
    this.#verify(request, socket, go)
  }

  /**
   * Sends the 101 and makes the WebSocket.
   *
   * @throws Error if the socket was upgraded before
   */
  completeUpgrade(
    extensions: AcceptedExtensions,
    key: string,
    protocols: Set<string>,
    request: InstanceType<U>,
    socket: Duplex,
    head: Buffer,
    callback: (client: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    // The client is gone, or has said that it is going.
    if (!socket.readable || !socket.writable) {
      socket.destroy()
      return
    }
    if (isTaken(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      )
    }
    if (this.#state !== RUNNING) return abortHandshake(socket, 503)
    const Class = this.options.WebSocket as unknown as new (address: null, p: undefined, o: unknown) => InstanceType<T>
    const websocket = new Class(null, undefined, this.options)
    const subprotocol = this.#chooseSubprotocol(protocols, request)
    const deflate = extensions[PerMessageDeflate.extensionName]
    const headers = responseLines(key, subprotocol, deflate)
    this.emit('headers', headers, request)
    socket.write(`${headers.join('\r\n')}\r\n\r\n`)
    socket.removeListener('error', destroyStream)
    websocket._protocol = subprotocol
    const agreement = { role: 'server', subprotocol, deflate: deflate === undefined ? null : deflate.agreed() } as const
    websocket._open(socket, head, agreement, this.#terms)
    this.#track(websocket)
    callback(websocket, request)
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #listen(options: ServerOptions<T, U>, callback: (() => void) | undefined): HttpServer {
    const server = createServer((_request, response) => {
      const body = STATUS_CODES[426] as string
      // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
      response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain', Upgrade: 'websocket' })
      response.end(body)
    })
    server.listen(options.port, options.host, options.backlog, callback)
    return server
  }

  #attach(server: HttpServer | HttpsServer): void {
    const listeners = {
      listening: () => this.emit('listening'),
      error: (error: Error) => this.emit('error', error),
      upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        this.handleUpgrade(request as InstanceType<U>, socket, head, (websocket, of) => {
          this.emit('connection', websocket, of)
        })
      },
    }
    for (const [event, listener] of Object.entries(listeners)) server.on(event, listener as () => void)
    this.#removeListeners = () => {
      for (const [event, listener] of Object.entries(listeners)) server.removeListener(event, listener as () => void)
    }
  }

  /** {} if there is nothing to accept, null if what was offered must be refused. */
  #acceptExtensions(request: InstanceType<U>): AcceptedExtensions | null {
    const { perMessageDeflate } = this.options
    const header = request.headers['sec-websocket-extensions']
    if (!perMessageDeflate || header === undefined) return {}
    const name = PerMessageDeflate.extensionName
    try {
      const offers = extension.parse(header)[name]
      if (offers === undefined) return {}
      const deflate = new PerMessageDeflate({ ...(perMessageDeflate as PerMessageDeflateOptions), isServer: true })
      deflate.accept(offers)
      return { [name]: deflate }
    } catch {
      return null
    }
  }

  #verify(request: InstanceType<U>, socket: Duplex, go: () => void): void {
    const { verifyClient } = this.options
    if (!verifyClient) return go()
    const carrier = request.socket as { readonly authorized?: boolean; readonly encrypted?: boolean }
    const info: VerifyClientInfo<InstanceType<U>> = {
      origin: request.headers.origin as string,
      secure: Boolean(carrier.authorized || carrier.encrypted),
      req: request,
    }
    // As in ws the number of parameters tells which of the two forms it is.
    if (verifyClient.length === 2) {
      verifyClient(info, (verified: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => {
        if (verified) go()
        else abortHandshake(socket, code || 401, message, headers)
      })
    } else if ((verifyClient as (of: typeof info) => boolean)(info)) go()
    else abortHandshake(socket, 401)
  }

  #chooseSubprotocol(protocols: Set<string>, request: InstanceType<U>): string {
    if (protocols.size === 0) return ''
    const { handleProtocols } = this.options
    if (!handleProtocols) return protocols.values().next().value ?? ''
    return handleProtocols(protocols, request) || ''
  }

  #track(websocket: InstanceType<T>): void {
    if (this.clients === undefined) return
    this.clients.add(websocket)
    websocket.on('close', () => {
      this.clients.delete(websocket)
      if (this.#closeWhenEmpty && this.clients.size === 0) process.nextTick(() => this.#emitClose())
    })
  }

  /** The application may answer itself, with `wsClientError`. */
  #refuse(request: InstanceType<U>, socket: Duplex, answer: Answer): void {
    const { headers, message, status } = answer
    if (this.listenerCount('wsClientError') === 0) abortHandshake(socket, status, message, headers)
    else this.emit('wsClientError', new Error(message), socket, request)
  }

  #emitClose(): void {
    this.#state = CLOSED
    this.emit('close')
  }
}

/** The listeners' types of @types/ws. */
export interface WebSocketServer<T extends typeof WebSocket, U extends typeof IncomingMessage> {
  on<E extends keyof ServerEventArguments<T, U>>(event: E, listener: ServerKnown<T, U, E>): this
  on(event: string | symbol, listener: ServerUnknown<T, U>): this
  once<E extends keyof ServerEventArguments<T, U>>(event: E, listener: ServerKnown<T, U, E>): this
  once(event: string | symbol, listener: ServerUnknown<T, U>): this
  off<E extends keyof ServerEventArguments<T, U>>(event: E, listener: ServerKnown<T, U, E>): this
  off(event: string | symbol, listener: ServerUnknown<T, U>): this
  addListener<E extends keyof ServerEventArguments<T, U>>(event: E, listener: ServerKnown<T, U, E>): this
  addListener(event: string | symbol, listener: ServerUnknown<T, U>): this
  removeListener<E extends keyof ServerEventArguments<T, U>>(event: E, listener: ServerKnown<T, U, E>): this
  removeListener(event: string | symbol, listener: ServerUnknown<T, U>): this
}

const NO_OPTIONS = {
  perMessageDeflate: false,
  handleProtocols: null,
  clientTracking: true,
  verifyClient: null,
  noServer: false,
  backlog: null,
  server: null,
  host: null,
  path: null,
  port: null,
}

function destroyStream(this: Duplex): void {
  this.destroy()
}
