// One call of `connect` while it is under way: the state that deadline, signal, stream and redirects share. It settles
// once, and lets go of everything when it does.

import type { Duplex } from 'node:stream'
import {
  checkAccept,
  type DeflateOffer,
  isHandshakeFailure,
  offerDeflate,
  type ResponseHead,
  ResponseParser,
  upgradeRequest,
} from '@tautline/protocol'
import { limit } from '../checks.ts'
import { EngineSocket } from '../engine-socket.ts'
import { NodePlatform, nodePlatform } from '../platform.ts'
import { completeSettings, type Settings } from '../settings.ts'
import type { Socket } from '../socket.ts'
import type { WheelEntry } from '../timer-wheel.ts'
import { connectFailure, isRedirect, responseFailure } from './failures.ts'
import { launch } from './launch.ts'
import { openStream, type Way } from './open-stream.ts'
import type { ConnectOptions } from './options.ts'
import { type Requester, rawHeaders, redirected } from './requester.ts'
import { originOf, parseProxy, parseTarget } from './target.ts'

/** The attempt. Its constructor checks all options and throws what is wrong with them. */
export class Attempt implements WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  readonly outcome: Promise<Socket>
  private readonly settle: { resolve(socket: Socket): void; reject(reason: unknown): void }
  private readonly options: ConnectOptions
  private readonly settings: Settings
  private readonly deflate: DeflateOffer | null
  private readonly way: Omit<Way, 'target' | 'tls'>
  private requester: Requester
  private redirects: number
  private key = ''
  private parser: ResponseParser
  private stream: Duplex | null = null
  private settled = false
  private readonly listeners: { [event: string]: (argument: never) => void }
  private readonly onAbort: () => void

  constructor(url: string | URL, options: ConnectOptions) {
    const { compression, headers, net = {}, parts, proxy, proxyTls = {}, signal, tls = {} } = options
    const target = parseTarget(url)
    const limits = {
      maxBytes: limit('maxHeadBytes', options.maxHeadBytes, 16 * 1024),
      maxHeaders: limit('maxHeaders', options.maxHeaders, 100),
    }
    const timeout = limit('handshakeTimeout', options.handshakeTimeout, 10_000)
    const { promise, reject, resolve } = Promise.withResolvers<Socket>()
    this.outcome = promise
    this.settle = { resolve, reject }
    this.options = options
    this.settings = completeSettings(
      options,
      typeof compression === 'object' ? new NodePlatform(compression) : nodePlatform,
    )
    // Parts of messages are passed on as they come, which compressed ones cannot be.
    this.deflate = parts === true ? null : deflateOffer(compression)
    this.way = { net, limits, proxy: proxy === undefined ? null : parseProxy(proxy), proxyTls }
    this.requester = { target, tls, headers: rawHeaders(headers, target) }
    this.redirects = limit('redirects', options.redirects, 0)
    this.parser = new ResponseParser(limits, nodePlatform)
    this.listeners = {
      data: (chunk: Buffer) => this.read(chunk),
      end: () => this.fail(connectFailure('closed', this.where)),
      close: () => this.fail(connectFailure('closed', this.where)),
      error: (cause: Error) => this.fail(connectFailure('closed', this.where, 0, cause)),
    }
    this.onAbort = () => this.fail(signal?.reason)
    // Thrown now if a header or subprotocol cannot be sent.
    this.request()
    if (signal?.aborted === true) this.onAbort()
    else {
      signal?.addEventListener('abort', this.onAbort)
      if (timeout !== Number.POSITIVE_INFINITY) this.settings.wheel.set(this, timeout)
      void this.dial()
    }
  }

  onDeadline(): void {
    this.fail(connectFailure('timeout', this.where))
  }

  private get where(): string {
    return originOf(this.requester.target)
  }

  private async dial(): Promise<void> {
    const { target, tls } = this.requester
    try {
      const stream = await openStream({ ...this.way, target, tls }, (held) => this.hold(held))
      if (this.settled) stream.destroy()
      else this.exchange(stream)
    } catch (error) {
      this.fail(error)
    }
  }

  private hold(stream: Duplex): void {
    stream.on('error', ignoreError)
    if (this.settled) stream.destroy()
    this.stream = stream
  }

  private request(): string {
    const { origin, subprotocols = [] } = this.options
    const { headers, target } = this.requester
    this.key = nodePlatform.handshakeKey()
    return upgradeRequest({
      target: target.resource,
      host: target.host,
      key: this.key,
      subprotocols,
      headers,
      ...(this.deflate === null ? {} : { extensions: offerDeflate(this.deflate) }),
      ...(origin === undefined ? {} : { origin }),
    })
  }

  private exchange(stream: Duplex): void {
    this.parser = new ResponseParser(this.way.limits, nodePlatform)
    for (const event of EVENTS) stream.on(event, this.listeners[event] as () => void)
    stream.write(this.request(), 'latin1')
    // A tunnel was paused behind the proxy's head.
    stream.resume()
  }

  private read(chunk: Buffer): void {
    const { parser } = this
    const at = parser.push(chunk)
    if (parser.failure !== null) this.fail(responseFailure(parser.failure, this.where, 0))
    else if (parser.head !== null) this.judge(parser.head, chunk.subarray(at))
  }

  private judge(head: ResponseHead, rest: Buffer): void {
    if (isRedirect(head.status) && (this.options.redirects ?? 0) > 0) return this.follow(head)
    const { subprotocols = [] } = this.options
    const granted = checkAccept(head, { key: this.key, subprotocols, deflate: this.deflate }, nodePlatform)
    if (isHandshakeFailure(granted)) return this.fail(responseFailure(granted, this.where, head.status))
    const stream = this.release() as Duplex
    const { deflate, subprotocol } = granted
    const socket = new EngineSocket(stream, this.settings, { role: 'client', subprotocol, deflate, onGone: null })
    launch(socket, stream, rest)
    this.finish()
    this.settle.resolve(socket)
  }

  private follow(head: ResponseHead): void {
    if (this.redirects-- === 0) return this.fail(connectFailure('redirect-limit', this.where, head.status))
    const next = redirected(this.requester, head.headers.all('location'))
    if (typeof next === 'string') return this.fail(connectFailure(next, this.where, head.status))
    this.release()?.destroy()
    this.requester = next
    void this.dial()
  }

  /** Takes our listeners off the stream: it goes to the socket, or to its end. */
  private release(): Duplex | null {
    const { stream } = this
    this.stream = null
    if (stream !== null) for (const event of EVENTS) stream.off(event, this.listeners[event] as () => void)
    return stream
  }

  private finish(): void {
    this.settled = true
    this.settings.wheel.clear(this)
    this.options.signal?.removeEventListener('abort', this.onAbort)
  }

  private fail(reason: unknown): void {
    if (this.settled) return
    this.finish()
    this.release()?.destroy()
    this.settle.reject(reason)
  }
}

const EVENTS: readonly string[] = ['data', 'end', 'close', 'error']

function ignoreError(): void {}

function deflateOffer(compression: ConnectOptions['compression']): DeflateOffer | null {
  if (compression === undefined || compression === false) return null
  // RFC 7692 §7.1.2.2: only a client that offers client_max_window_bits can be told to use a smaller window. Browsers
  // offer it without a value, too.
  return compression === true ? { clientMaxWindowBits: true } : compression
}
