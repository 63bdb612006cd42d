// The chat's process: pages and the realtime server on one port. PORT and HOST say where, ORIGINS (comma-separated) which
// pages may connect, STORE where messages are kept. It never builds anything: see start.ts.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Realtime, SettingError } from '@tautline/server'
import { createChat } from './chat.ts'
import { DIST } from './dist.ts'
import { log } from './log.ts'
import { readStaticFiles, type StaticFiles } from './static-files.ts'
import { openStore, type Store, StoreError } from './store.ts'

/** Connections of all kinds at the same time. */
const MAX_CONNECTIONS = 2_000
/** Milliseconds that everything gets to end when the server stops. */
const STOP_TIMEOUT = 3_000

/** Listening there is answered on localhost. */
const HERE: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::'])

/** This machine only, unless somebody asks for more: HOST=0.0.0.0 opens the chat to the network. */
const host = process.env['HOST'] || '127.0.0.1'
const port = readPort(process.env['PORT'] || '8080')
const origins = (process.env['ORIGINS'] ?? '')
  .split(',')
  .map((origin) => origin.trim())
  .filter((origin) => origin !== '')

const pages = await readPages()
const store = await openTheStore()
const realtime = await createTheChat()
const http = createServer((request, response) => pages.handle(request, response))
http.maxConnections = MAX_CONNECTIONS
realtime.attach(http)
http.on('error', (error) => {
  explain(error)
  process.exit(1)
})
http.listen(port, host, () => announce((http.address() as AddressInfo).port))
stopOnSignal(http, realtime, store)

/** Without ORIGINS: pages of this machine, and of addresses. A name is nobody's until it is listed (DNS rebinding). */
async function createTheChat(): Promise<Realtime> {
  try {
    const listed = origins.length === 0 ? {} : { origins }
    return await createChat({ broker: store.broker, now: () => performance.now(), log, ...listed })
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    process.stderr.write(`ORIGINS is a list of origins with commas between them: ${error.message}\n`)
    process.exit(1)
  }
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

async function openTheStore(): Promise<Store> {
  try {
    return await openStore(process.env['STORE'] ?? '')
  } catch (error) {
    process.stderr.write(error instanceof StoreError ? error.message : `${String(error)}\n`)
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

function announce(actual: number): void {
  const lines = [`Tautline chat   http://${nameOf(host)}:${actual}`]
  if (host === '0.0.0.0' || host === '::') {
    for (const address of Object.values(networkInterfaces()).flat()) {
      if (address?.family === 'IPv4' && !address.internal)
        lines.push(`                http://${address.address}:${actual}`)
    }
    if (origins.length === 0) lines.push(`By a name       ORIGINS=http://name:${actual} npm start`)
  }
  lines.push(`Messages in     ${store.description}`, '', 'Open it in two windows. Ctrl+C stops the server.')
  process.stdout.write(`\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n\n`)
}

function nameOf(address: string): string {
  if (HERE.has(address)) return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}

function stopOnSignal(server: Server, chat: Realtime, { broker }: Store): void {
  let since: number | null = null
  const stop = (): void => {
    const now = performance.now()
    if (since !== null) {
      // Ctrl+C reaches us twice, from the terminal and from npm: only a later one means "at once".
      if (now - since > 500) process.exit(1)
      return
    }
    since = now
    setTimeout(() => process.exit(0), STOP_TIMEOUT).unref()
    // Everybody is told that we go away, and comes back by itself when the server does.
    server.close()
    chat
      .close()
      .then(() => broker.close())
      .then(
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
