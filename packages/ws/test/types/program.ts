// A program typed for @types/ws. package.test.ts compiles it a second time with `ws` replaced by `@tautline/ws`.

import { createServer, IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import DefaultWebSocket, {
  createWebSocketStream,
  type RawData,
  type ServerOptions,
  WebSocket,
  WebSocketServer,
} from 'ws'

class Session extends WebSocket {
  user = 'nobody'
}

class Request extends IncomingMessage {
  trace = 1
}

export const options: ServerOptions = {
  port: 0,
  perMessageDeflate: {
    zlibDeflateOptions: { chunkSize: 1024, memLevel: 7, level: 3 },
    clientNoContextTakeover: true,
    serverMaxWindowBits: 10,
    concurrencyLimit: 10,
    threshold: 1024,
  },
  verifyClient: (info, callback) => {
    const origin: string = info.origin
    callback(origin !== '' && !info.secure, 401, 'no', { 'X-Why': info.req.url })
  },
  handleProtocols: (protocols, request) => (request.url === '/' ? (protocols.values().next().value ?? false) : false),
  clientTracking: true,
  maxPayload: 1024,
}

export function serve(): WebSocketServer {
  const wss = new WebSocketServer(options, () => undefined)
  wss.on('connection', function (socket, request) {
    const clients: Set<WebSocket> = this.clients
    const address: string | undefined = request.socket.remoteAddress
    socket.on('message', function (data: RawData, isBinary) {
      const size = Array.isArray(data) ? data.length : data.byteLength
      for (const client of clients) if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary })
      this.send(`${size} ${address}`, (error) => error?.message)
    })
    socket.on('close', (code: number, reason: Buffer) => reason.toString() + code)
    socket.on('error', (error: Error) => console.error(error))
    socket.once('pong', (data: Buffer) => data.length)
    socket.on('my own event', (value: number) => value)
    socket.ping(undefined, true, (error: Error) => error)
    socket.send(new Uint8Array(2), { compress: true, binary: true, fin: false, mask: true })
    socket.send([1, 2])
    socket.close(1000, Buffer.from('bye'))
  })
  wss.on('headers', (headers: string[], request) => headers.push(`X-Url: ${request.url}`))
  wss.on('wsClientError', (error, socket: Duplex, request) => socket.end(error.message + request.url))
  wss.once('listening', () => (wss.address() as AddressInfo).port)
  wss.close((error?: Error) => error)
  return wss
}

export function serveMany(): void {
  const server = createServer({ IncomingMessage: Request })
  const wss = new WebSocketServer<typeof Session, typeof Request>({ noServer: true, WebSocket: Session })
  server.on('upgrade', (request, socket, head) => {
    if (!wss.shouldHandle(request)) return
    wss.handleUpgrade(request, socket, head, (client, of) => {
      client.user = String(of.trace)
      wss.emit('connection', client, of)
    })
  })
  wss.on('connection', (session, request) => session.send(session.user + request.trace))
  const attached: WebSocketServer = new WebSocketServer({ server })
  attached.on('error', (error) => error.message)
}

export async function talk(url: string | URL): Promise<DefaultWebSocket.Data> {
  const client = new DefaultWebSocket(url, ['a'], {
    headers: { cookie: 'a=b' },
    handshakeTimeout: 10,
    followRedirects: true,
    perMessageDeflate: false,
    rejectUnauthorized: false,
    finishRequest: (request, websocket) => request.end(websocket.url),
    generateMask: (mask) => mask.fill(0),
  })
  const other: WebSocket = new WebSocket(url, { origin: 'x' })
  client.binaryType = 'arraybuffer'
  client.onopen = (event: DefaultWebSocket.Event) => event.target.send('x')
  client.onclose = ({ code, reason, wasClean }) => [code, reason, wasClean]
  client.onerror = (event) => event.error.anything + event.message
  client.addEventListener('message', (event: DefaultWebSocket.MessageEvent) => event.data, { once: true })
  client.addEventListener('close', { handleEvent: (event) => event.reason })
  client.removeEventListener('error', () => undefined)
  client.on('upgrade', (response) => response.headers.upgrade)
  client.on('unexpected-response', (request, response) => request.destroy(new Error(String(response.statusCode))))
  client.on('redirect', (to: string, request) => request.setHeader('x', to))
  const states: number[] = [WebSocket.CONNECTING, client.OPEN, client.CLOSING, DefaultWebSocket.CLOSED]
  const duplex: Duplex = createWebSocketStream(other, { encoding: 'utf8', decodeStrings: false })
  duplex.write(states.join() + client.protocol + client.extensions + client.bufferedAmount + client.isPaused)
  const listener: (this: WebSocket, data: DefaultWebSocket.RawData) => void = () => undefined
  client.addListener('message', listener).removeListener('message', listener).off('message', listener)
  client.pause()
  client.resume()
  client.pong()
  client.terminate()
  return await new Promise((resolve) => {
    client.onmessage = (event) => resolve(event.data)
  })
}
