// What the server's tests share: servers on free ports that are closed afterwards, raw peers that open a WebSocket by
// hand, and frames that wait to be read.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type Agent, get, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import {
  buildFrames,
  type FrameSpec,
  type HeadText,
  handlesReturnTo,
  missingTool,
  openHandles,
  parseFrames,
  RawPeer,
  type RequestText,
  readHead,
  requestBytes,
} from '@tautline/testkit'
import { createServer, type Server, type ServerOptions, type Socket, type UpgradeRequest } from '../../src/mod.ts'

type Connected = (socket: Socket, request: UpgradeRequest) => void

const closers: (() => unknown)[] = []

/** Run behind the tests of a file, last first. */
export function later(close: () => unknown): void {
  closers.push(close)
}

after(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  // What is left open now is a finding.
  await handlesReturnTo(base, 8000)
})

const base = openHandles()

/** A server on a free port; the default one echoes. It is closed at the end. */
export async function serve(options: ServerOptions = { port: 0 }, connected: Connected = echo): Promise<Server> {
  const ways = options.server ?? options.noServer ?? options.port
  const server = createServer(
    { closeTimeout: 200, heartbeat: false, ...(ways === undefined ? { port: 0 } : {}), ...options },
    connected,
  )
  await server.listening
  later(() => server.close())
  return server
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port
}

export function echo(socket: Socket): void {
  socket.onmessage = (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  }
}

/** A raw peer with its handshake sent, and the head of the answer. */
export async function ask(
  port: number,
  text: RequestText = {},
  behind: Uint8Array = Buffer.alloc(0),
): Promise<{ peer: RawPeer; head: HeadText }> {
  const peer = await RawPeer.connect(port)
  later(() => peer.destroy())
  await peer.write(Buffer.concat([requestBytes(text), behind]))
  return { peer, head: await answer(peer) }
}

/** The head of the next answer; what lies behind it stays in `received`. */
export async function answer(peer: RawPeer): Promise<HeadText> {
  await peer.until(() => readHead(peer.received) !== null)
  const head = readHead(peer.received)
  if (head === null) throw new Error(`no answer (${peer.ending}): ${JSON.stringify(peer.received.toString('latin1'))}`)
  return head
}

/** A raw WebSocket: what is received from now on is frames. */
export async function open(port: number, text: RequestText = {}, behind?: Uint8Array): Promise<Raw> {
  const { peer, head } = await ask(port, text, behind)
  if (!head.line.startsWith('HTTP/1.1 101')) throw new Error(head.line)
  return new Raw(peer, head)
}

export class Raw {
  readonly peer: RawPeer
  readonly head: HeadText
  private readonly from: number

  constructor(peer: RawPeer, head: HeadText) {
    this.peer = peer
    this.head = head
    this.from = head.end
  }

  send(...frames: FrameSpec[]): Promise<void> {
    return this.peer.write(buildFrames(...frames.map((frame) => ({ mask: true, ...frame }))))
  }

  /** What has come, as `opcode payload`. */
  get frames(): string[] {
    return parseFrames(this.peer.received.subarray(this.from)).frames.map(({ opcode, payload }) =>
      opcode === 8 && payload.length > 1
        ? `8 ${payload.readUInt16BE(0)} ${payload.subarray(2)}`
        : `${opcode} ${payload}`,
    )
  }

  /** Waits for so many frames. */
  async expect(count: number, deadline?: number): Promise<string[]> {
    if (!(await this.peer.until(() => this.frames.length >= count, deadline))) {
      throw new Error(`${this.frames.length} of ${count} frames (${this.peer.ending}): ${this.frames}`)
    }
    return this.frames
  }
}

/** A page fetched over HTTP, with an agent of its own that keeps the connection. */
export function fetchPage(
  port: number,
  path = '/',
  agent?: Agent,
  body?: string,
): Promise<{ status: number; text: string; message: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const options = { port, path, agent: agent ?? false, method: body === undefined ? 'GET' : 'POST' }
    const request = body === undefined ? get(options) : httpRequest(options)
    request.on('error', reject)
    request.on('response', (message) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('end', () =>
        resolve({ status: message.statusCode ?? 0, text: Buffer.concat(chunks).toString(), message }),
      )
    })
    if (body !== undefined) request.end(body)
  })
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A fresh self-signed certificate for localhost, or why there is none. */
export function certificate(): { key: Buffer; cert: Buffer } | string {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return missingTool('openssl')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
