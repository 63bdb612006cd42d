// The chat's process: pages and WebSockets on one port. PORT and HOST say where, ORIGINS (comma-separated) which other
// pages may connect. It never builds anything: see start.ts.
import { randomUUID } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { createServer, type Server } from '@tautline/websocket'
import { LIMITS } from '../shared/messages.ts'
import { ChatServer } from './chat-server.ts'
import { DIST } from './dist.ts'
import { log } from './log.ts'
import { isAllowedOrigin, isLoopback } from './origin.ts'
import { readStaticFiles, type StaticFiles } from './static-files.ts'

/** Milliseconds that open connections get to say goodbye when the server stops. */
const CLOSE_TIMEOUT = 2_000
/** Milliseconds a connection that asks for pages may last. */
const HTTP_LIFETIME = 60_000

/** This machine only, unless somebody asks for more: HOST=0.0.0.0 opens the chat to the network. */
const host = process.env['HOST'] || '127.0.0.1'
const port = readPort(process.env['PORT'] || '8080')
const origins = (process.env['ORIGINS'] ?? '')
  .split(',')
  .map((origin) => origin.trim())
  .filter((origin) => origin !== '')

const files = await readPages()
const server = listen(files)
try {
  await server.listening
} catch (error) {
  explain(error)
  process.exit(1)
}
announce(server)
stopOnSignal(server)

function listen(pages: StaticFiles): Server {
  const http = createHttpServer((request, response) => pages.handle(request, response))
  // Node enforces headersTimeout and requestTimeout only on a server that listens itself, and this one is handed its
  // connections: so each gets a lifetime, which nobody who loads these small pages notices.
  http.on('connection', (connection) => {
    const lifetime = setTimeout(() => connection.destroy(), HTTP_LIFETIME)
    connection.once('close', () => clearTimeout(lifetime))
  })
  const chat = new ChatServer({ epoch: randomUUID(), now: () => performance.now(), wallClock: Date.now, log })
  const policy = { loopbackOnly: isLoopback(host), allowed: origins }
  return createServer(
    {
      port,
      host,
      http,
      path: '/chat',
      origins: (origin, request) => isAllowedOrigin(origin, request.headers.get('host'), policy),
      maxPayload: LIMITS.payload,
      maxConnections: 1_000,
      // A page that does not read: closed as a slow consumer, it returns and asks for what it missed.
      maxBuffered: 4 * 1024 * 1024,
      heartbeat: { interval: 20_000, timeout: 10_000 },
      closeTimeout: CLOSE_TIMEOUT,
    },
    (socket) => chat.accept(socket),
  )
}

function readPort(text: string): number {
  const value = Number(text)
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value
  process.stderr.write(`PORT must be a number from 0 to 65535.\n`)
  process.exit(1)
}

async function readPages(): Promise<StaticFiles> {
  try {
    return await readStaticFiles(DIST)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    process.stderr.write(missing ? 'The pages are not built yet: run `npm start`.\n' : `${String(error)}\n`)
    process.exit(1)
  }
}

function explain(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    process.stderr.write(
      `Port ${port} is taken by another program (perhaps another \`npm start\`).\n` +
        `Stop that one, or choose another port:  PORT=${port === 65_535 ? 8080 : port + 1} npm start\n`,
    )
  } else if (code === 'EACCES') {
    process.stderr.write(`Port ${port} needs special rights. Choose one from 1024 up:  PORT=8080 npm start\n`)
  } else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    process.stderr.write(`HOST=${host} is not an address of this machine.\n`)
  } else {
    process.stderr.write(`The server could not listen on ${host}:${port}: ${String(error)}\n`)
  }
}

function announce(listening: Server): void {
  const actual = listening.address()?.port ?? port
  process.stdout.write(`\n  Tautline chat   http://${nameOf(host)}:${actual}\n`)
  if (host === '0.0.0.0' || host === '::') {
    for (const address of Object.values(networkInterfaces()).flat()) {
      if (address?.family === 'IPv4' && !address.internal) {
        process.stdout.write(`                  http://${address.address}:${actual}\n`)
      }
    }
  }
  process.stdout.write('\n  Open it in two windows. Ctrl+C stops the server.\n\n')
}

function nameOf(address: string): string {
  if (isLoopback(address) || address === '0.0.0.0' || address === '::') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}

function stopOnSignal(running: Server): void {
  let since: number | null = null
  const stop = (): void => {
    const now = performance.now()
    if (since !== null) {
      // Ctrl+C reaches us twice, from the terminal and from npm: only a later one means "at once".
      if (now - since > 500) process.exit(1)
      return
    }
    since = now
    // Everybody gets close code 1001 (going away) and comes back by itself when the server does.
    setTimeout(() => process.exit(0), CLOSE_TIMEOUT + 1_000).unref()
    running.close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}
