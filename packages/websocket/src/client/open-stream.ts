// The way to a server: TCP or TLS, directly or through an HTTP proxy's CONNECT. It ends with a stream on which nothing
// has been sent; handshakes of WebSockets are none of its business.

import { connect as connectTcp, isIP, type Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { type HeadLimits, type ResponseHead, ResponseParser } from '@tautline/protocol'
import { nodePlatform } from '../platform.ts'
import { type ConnectFailureId, connectFailure } from './failures.ts'
import type { ClientNetOptions, ClientTlsOptions } from './options.ts'
import { authorityOf, originOf, type Target } from './target.ts'

/** How to get to a target. */
export interface Way {
  readonly target: Target
  readonly tls: ClientTlsOptions
  readonly net: ClientNetOptions
  readonly proxy: Target | null
  readonly proxyTls: ClientTlsOptions
  readonly limits: HeadLimits
}

/**
 * Opens the stream.
 *
 * @param hold is told of each stream as soon as it exists; whoever destroys it ends the attempt
 * @throws HandshakeError
 */
export async function openStream(way: Way, hold: (stream: Duplex) => void): Promise<Duplex> {
  const { net, proxy, proxyTls, target, tls } = way
  const where = originOf(target)
  if (proxy === null) return await direct(target, net, tls, hold, where, 'connect')
  const tunnel = await direct(proxy, net, proxyTls, hold, where, 'proxy-connect')
  await askProxy(tunnel, way)
  if (!target.secure) return tunnel
  const secured = connectTls({ ...tlsOptions(target, tls), socket: tunnel })
  hold(secured)
  await opened(secured, 'secureConnect', where, 'connect')
  return secured
}

async function direct(
  to: Target,
  net: ClientNetOptions,
  tls: ClientTlsOptions,
  hold: (stream: Duplex) => void,
  where: string,
  failure: ConnectFailureId,
): Promise<NetSocket> {
  // Half-open: the peer's FIN must not cut off what we still have to say.
  const options = { ...net, host: to.hostname, port: to.port, allowHalfOpen: true, noDelay: true }
  const stream = to.secure ? connectTls({ ...options, ...tlsOptions(to, tls) }) : connectTcp(options)
  hold(stream)
  await opened(stream, to.secure ? 'secureConnect' : 'connect', where, failure)
  return stream
}

function tlsOptions(to: Target, tls: ClientTlsOptions): ClientTlsOptions & { host: string } {
  // RFC 6066 §3: literal addresses are not permitted as server names. `host` is what the certificate must be for.
  const servername = isIP(to.hostname) === 0 ? { servername: to.hostname } : {}
  return { ALPNProtocols: ['http/1.1'], ...servername, ...tls, host: to.hostname }
}

function opened(stream: NetSocket, event: string, where: string, failure: ConnectFailureId): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stream.off(event, succeed)
      stream.off('error', fail)
      stream.off('close', closed)
    }
    const succeed = (): void => {
      leave()
      resolve()
    }
    const fail = (cause?: Error): void => {
      leave()
      reject(connectFailure(failure, where, 0, cause))
    }
    const closed = (): void => fail()
    stream.on(event, succeed)
    stream.on('error', fail)
    stream.on('close', closed)
  })
}

/** RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender … will switch to tunnel mode". */
async function askProxy(stream: Duplex, way: Way): Promise<void> {
  const { limits, proxy, target } = way
  const authority = authorityOf(target)
  const credentials = proxy?.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  stream.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`, 'latin1')
  const where = originOf(target)
  const [head, rest] = await readHead(stream, limits, where)
  if (head.status < 200 || head.status > 299) throw connectFailure('proxy-status', where, head.status)
  // Neither TLS nor HTTP lets a server speak first.
  if (rest > 0) throw connectFailure('proxy-early', where, head.status)
}

/** The head of the proxy's answer and how many bytes came with it; the stream is left paused. */
function readHead(stream: Duplex, limits: HeadLimits, where: string): Promise<[head: ResponseHead, rest: number]> {
  const parser = new ResponseParser(limits, nodePlatform)
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stream.off('data', read)
      stream.off('end', closed)
      stream.off('error', closed)
      stream.off('close', closed)
      stream.pause()
    }
    const read = (chunk: Buffer): void => {
      const at = parser.push(chunk)
      if (parser.head === null && parser.failure === null) return
      leave()
      if (parser.head === null) reject(connectFailure('proxy-response', where))
      else resolve([parser.head, chunk.length - at])
    }
    const closed = (cause?: Error): void => {
      leave()
      reject(connectFailure('proxy-closed', where, 0, cause))
    }
    stream.on('data', read)
    stream.on('end', closed)
    stream.on('error', closed)
    stream.on('close', closed)
  })
}
