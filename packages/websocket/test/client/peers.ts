// Servers for the client's tests: our own, and TCP servers that answer the handshake with whatever they are told.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTcpServer, type Server as NetServer, type Socket as NetSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type HeadText, missingTool, readHead } from '@tautline/testkit'
import {
  createServer,
  HandshakeError,
  type Server,
  type ServerOptions,
  type Socket,
  type UpgradeRequest,
} from '@tautline/websocket'

type OnConnection = (socket: Socket, request: UpgradeRequest) => void

/** Our server on a free port, closed when the test ends. */
export async function serve(
  test: TestContext,
  onConnection: OnConnection,
  options: Omit<ServerOptions, 'port' | 'host'> = {},
): Promise<{ server: Server; port: number; url: string }> {
  const server = createServer({ host: '127.0.0.1', port: 0, closeTimeout: 500, ...options }, onConnection)
  test.after(() => server.close())
  await server.listening
  const port = server.address()?.port ?? 0
  return { server, port, url: `${options.tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}` }
}

export function echo(socket: Socket): void {
  socket.onmessage = (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  }
}

export interface RawServer {
  readonly port: number
  readonly url: string
  /** Heads of the requests that came, in order. */
  readonly heads: HeadText[]
  /** The connections, in order. */
  readonly sockets: NetSocket[]
}

/** A TCP server: each request's head is answered with what `answer` returns; null: never. */
export async function answering(
  test: TestContext,
  answer: (key: string, head: HeadText, socket: NetSocket) => Uint8Array | string | null,
): Promise<RawServer> {
  const heads: HeadText[] = []
  const sockets: NetSocket[] = []
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', function read(chunk: Buffer) {
      received = Buffer.concat([received, chunk])
      const head = readHead(received)
      if (head === null) return
      socket.off('data', read)
      heads.push(head)
      const bytes = answer(head.all('sec-websocket-key')[0] ?? '', head, socket)
      if (bytes !== null) socket.write(bytes)
      socket.resume()
    })
  })
  test.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const port = await listening(test, server)
  return { port, url: `ws://127.0.0.1:${port}`, heads, sockets }
}

/** Listens on a free port until the test ends. */
export async function listening(test: TestContext, server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The next message, or the connection's end as an error. */
export function nextMessage(socket: Socket): Promise<string | Buffer> {
  return new Promise((resolve, reject) => {
    socket.onmessage = resolve
    socket.onclose = (code) => reject(new Error(`closed with ${code}`))
  })
}

export function closing(socket: Socket): Promise<{ code: number; reason: string; wasClean: boolean }> {
  return new Promise((resolve) => {
    socket.onclose = (code, reason, wasClean) => resolve({ code, reason, wasClean })
  })
}

/** What to expect of a rejection: its code and status. */
export function failsWith(code: string, status = 0): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof HandshakeError)) throw error
    if (error.code !== code || error.status !== status) {
      throw new Error(`expected ${code} (${status}), got ${error.code} (${error.status}): ${error.message}`)
    }
    return true
  }
}

export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
}

let certificate: Certificate | string | undefined

/** A self-signed certificate for localhost and 127.0.0.1, or why there is none. */
export function selfSigned(): Certificate | string {
  certificate ??= makeCertificate()
  return certificate
}

function makeCertificate(): Certificate | string {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-'))
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  try {
    const output = ['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', names]
    execFileSync('openssl', ['req', '-x509', ...curve, ...output], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return missingTool('openssl')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
