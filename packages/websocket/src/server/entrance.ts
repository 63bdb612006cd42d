// The port of a server's own, from a TCP connection to the first byte of its request: who may come in at all, the PROXY
// protocol header, TLS, in this order. It reads nothing of a request.

import type { AddressInfo, Server as NetServer } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import { callOutside } from '../callbacks.ts'
import { type Carrier, setSource, unlisten } from '../stream-events.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { createPort, createTls, listen } from './listener.ts'
import type { ServerOptions, TlsReload } from './options.ts'
import { Preface } from './preface.ts'
import type { ProxySource } from './proxy-header.ts'

/** The server behind the port. */
export interface EntranceOwner {
  readonly wheel: TimerWheel
  readonly handshakeTimeout: number
  /** Are there as many handshakes as may be? */
  readonly isFull: boolean
  /** A connection that a request may come from; `rest` was read already. */
  onEntered(stream: Carrier, rest: Buffer | null): void
}

/** One connection between TCP and the end of its TLS handshake. */
interface Cloaked {
  readonly raw: Carrier
  readonly source: ProxySource
  readonly onClose: () => void
}

export class Entrance {
  /** Resolves when the port is open; rejects as `net.Server` fails. */
  readonly listening: Promise<void>
  private readonly options: ServerOptions
  private readonly owner: EntranceOwner
  private readonly port: NetServer
  private readonly tls: TlsServer | null
  private readonly prefaces: Set<Carrier> = new Set()
  /** By the four numbers of their connection, which TLS's stream has too. */
  private readonly cloaked: Map<string, Cloaked> = new Map()
  private closing = false

  constructor(options: ServerOptions, owner: EntranceOwner) {
    this.options = options
    this.owner = owner
    this.port = createPort(options, (stream) => this.accept(stream))
    this.tls =
      options.tls === undefined
        ? null
        : createTls(
            options.tls,
            owner.handshakeTimeout,
            (stream) => this.uncloak(stream),
            (stream) => this.tlsFailed(stream),
          )
    this.listening = listen(this.port, options)
  }

  /** Connections whose request nobody waits for yet. */
  get size(): number {
    return this.prefaces.size + this.cloaked.size
  }

  get address(): AddressInfo | null {
    const address = this.port.address()
    return typeof address === 'object' ? address : null
  }

  /** @returns false: it speaks no TLS */
  reloadTls(tls: TlsReload): boolean {
    this.tls?.setSecureContext(tls)
    return this.tls !== null
  }

  /** The handshake of a connection that came in is over. */
  settled(address: string | undefined): void {
    const { gate } = this.options
    if (gate?.settled !== undefined) callOutside(gate.settled.bind(gate), address)
  }

  /** Takes no more. Resolves when the last connection of the port is gone. */
  async close(): Promise<void> {
    this.closing = true
    for (const stream of this.prefaces) stream.destroy()
    // A port that is still being opened could not be closed yet.
    await this.listening.catch(() => undefined)
    if (this.port.listening) await new Promise<void>((resolve) => this.port.close(() => resolve()))
  }

  private accept(stream: Carrier): void {
    // Between the listeners of the request and those of TLS an error must find one.
    if (this.tls !== null) stream.on('error', ignore)
    const { proxyProtocol, onDropped } = this.options
    if (this.closing) stream.destroy()
    else if (this.owner.isFull) {
      if (onDropped !== undefined) callOutside(onDropped, stream.remoteAddress)
      stream.destroy()
    } else if (proxyProtocol?.(stream.remoteAddress) === true) this.readPreface(stream)
    else this.admit(stream, null, null)
  }

  /** Waits for what a proxy says ahead of everything else. */
  private readPreface(stream: Carrier): void {
    this.prefaces.add(stream)
    const done = (source: ProxySource, rest: Buffer): void => {
      this.prefaces.delete(stream)
      this.admit(stream, source, rest)
    }
    new Preface(stream, this.owner.wheel, this.owner.handshakeTimeout, done, () => this.prefaces.delete(stream))
  }

  /** @param rest what stood behind a header; null: there was none, and nothing has been read */
  private admit(stream: Carrier, source: ProxySource, rest: Buffer | null): void {
    const { gate } = this.options
    const address = source?.address ?? (gate?.accept === undefined ? undefined : stream.remoteAddress)
    if (gate?.accept !== undefined && !gate.accept(address)) stream.destroy()
    else if (this.tls !== null) this.cloak(stream, source, rest)
    else this.enter(stream, source, rest)
  }

  private enter(stream: Carrier, source: ProxySource, rest: Buffer | null): void {
    if (source !== null) setSource(stream, source)
    this.owner.onEntered(stream, rest)
  }

  /** Behind the header it is as if the connection had just come: what was read of it is put back. */
  private cloak(raw: Carrier, source: ProxySource, rest: Buffer | null): void {
    if (rest !== null) {
      raw.pause()
      unlisten(raw)
      if (rest.length > 0) raw.unshift(rest)
    }
    const name = nameOf(raw)
    const address = source?.address ?? raw.remoteAddress
    const onClose = (): void => {
      this.cloaked.delete(name)
      this.settled(address)
    }
    this.cloaked.set(name, { raw, source, onClose })
    raw.once('close', onClose)
    this.tls?.emit('connection', raw)
  }

  private uncloak(stream: Carrier): void {
    const name = nameOf(stream)
    const cloaked = this.cloaked.get(name)
    // Gone already, which its stream will notice.
    if (cloaked === undefined) return void stream.destroy()
    this.cloaked.delete(name)
    cloaked.raw.off('close', cloaked.onClose)
    // The peer's FIN must not cut off what we still have to say.
    stream.allowHalfOpen = true
    if (this.closing) stream.destroy()
    else this.enter(stream, cloaked.source, null)
  }

  private tlsFailed(stream: Carrier): void {
    const { onTlsFailed } = this.options
    const source = this.cloaked.get(nameOf(stream))?.source
    if (onTlsFailed !== undefined) callOutside(onTlsFailed, source?.address ?? stream.remoteAddress)
    stream.destroy()
  }
}

function nameOf(stream: Carrier): string {
  const { remoteAddress, remotePort, localAddress, localPort } = stream
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function ignore(): void {}
