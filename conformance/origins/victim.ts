// A site that holds somebody's secrets behind a session in a cookie: guarded as the guides say, or not at all, so that
// the attacks are seen to work.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createRealtime, crossOrigin, type Realtime, RealtimeError } from '@tautline/server'
import { Signal } from '@tautline/testkit'

/** In everything that only Ann may read. */
export const SECRET = 'S3CRET-of-ann'
const SESSION = 'S3CRET-session-0123456789'

/** How it is embedded; 'naive' believes every page. */
export type Way = 'listen' | 'attach' | 'naive'

export interface VictimOptions {
  readonly way: Way
  /** The host in its address. */
  readonly host: string
  /** What stands behind the value of its cookie. */
  readonly cookie: string
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

/** One request that reached it. */
export interface Seen {
  readonly what: string
  readonly origin: string | undefined
  readonly cookie: boolean
  status: number
}

export interface Victim {
  /** `http://localhost:1234` */
  readonly origin: string
  readonly port: number
  readonly realtime: Realtime
  readonly requests: Seen[]
  /** What somebody made it do. */
  readonly effects: string[]
  /** Origins of handshakes that were refused, as the log has them. */
  readonly refused: string[]
  /** Waits until a request makes the condition true; false: none did. */
  until(condition: () => boolean): Promise<boolean>
  close(): Promise<void>
}

export async function startVictim({ way, host, cookie, tls }: VictimOptions): Promise<Victim> {
  const requests: Seen[] = []
  const effects: string[] = []
  const guarded = way !== 'naive'
  const refused: string[] = []
  const signal = new Signal()
  const realtime = realtimeOf(guarded, effects, refused)
  let guard: ReturnType<typeof crossOrigin> = () => ({ headers: {}, answer: null })
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const seen = sight(request)
    requests.push(seen)
    response.on('finish', () => {
      seen.status = response.statusCode
      signal.wake()
    })
    const { headers, answer } = guard({
      method: request.method ?? '',
      headers: { get: (name) => field(request, name) },
    })
    for (const [name, value] of Object.entries(guarded ? headers : trusting(request))) response.setHeader(name, value)
    if (answer !== null) response.writeHead(answer.status).end(answer.text)
    else serve(request, response, `session=${SESSION}; Path=/; HttpOnly; ${cookie}`, effects)
  }
  const http = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  let port: number
  if (way === 'listen') {
    port = await realtime.listen({ port: 0, host: '127.0.0.1', http: createServer(answer), ...(tls && { tls }) })
  } else {
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    port = (http.address() as AddressInfo).port
    realtime.attach(http)
  }
  const origin = `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
  if (guarded) {
    realtime.update({ origins: [origin] })
    guard = crossOrigin({ origins: [origin], credentials: true })
  }
  await realtime.publish('inbox:ann', SECRET)
  const until = (condition: () => boolean): Promise<boolean> => signal.until(condition, 5_000)
  const close = async (): Promise<void> => {
    await realtime.close()
    http.closeAllConnections()
    http.close()
  }
  return { origin, port, realtime, requests, effects, refused, until, close }
}

function realtimeOf(guarded: boolean, effects: string[], refused: string[]): Realtime {
  const realtime = createRealtime({
    log: (event, { origin }) => event === 'origin refused' && refused.push(String(origin)),
    cookies: true,
    origins: guarded ? ['https://not-yet.example'] : () => true,
    channels: { hall: { allow: 'users' }, 'inbox:$user': { allow: 'users' } },
  })
  return realtime
    .onConnect(({ headers }) => {
      if (!isAnn(headers.get('cookie'))) throw new RealtimeError('unauthorized')
      return { user: 'ann' }
    })
    .onPublish((_, channel) => {
      effects.push(`publish to ${channel}`)
      return undefined
    })
}

/** What only Ann gets, in all forms that a page can load. */
const SECRETS: Readonly<Record<string, readonly [type: string, body: string]>> = {
  '/me': ['application/json', JSON.stringify({ user: 'ann', secret: SECRET })],
  '/events': ['text/event-stream', `data: ${SECRET}\n\n`],
  '/secret.js': ['text/javascript', `globalThis.learned = '${SECRET}'`],
  '/secret.css': ['text/css', `:root { --learned: "${SECRET}" }`],
  '/secret.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="42" height="1"/>'],
}

function serve(request: IncomingMessage, response: ServerResponse, cookie: string, effects: string[]): void {
  const { method, url = '' } = request
  const path = url.split('?')[0] ?? ''
  response.setHeader('Cache-Control', 'no-store')
  if (path === '/login') {
    response
      .writeHead(200, { 'Content-Type': 'text/html', 'Set-Cookie': cookie })
      .end('<!doctype html><title>in</title>')
    return
  }
  if (path === '/' || path === '/favicon.ico')
    return void response.setHeader('Content-Type', 'text/html').end('<!doctype html>')
  if (method === 'OPTIONS') return void response.writeHead(204).end()
  if (!isAnn(request.headers.cookie)) return void response.writeHead(401).end('log in first')
  if (path === '/transfer') {
    effects.push(`${method} ${url}`)
    return void response.end(`done for ${SECRET}`)
  }
  const [type, body] = SECRETS[path] ?? ['text/plain', '']
  response.writeHead(body === '' ? 404 : 200, { 'Content-Type': type }).end(body)
}

/** The usual mistake: whoever asks is allowed, with credentials. */
function trusting(request: IncomingMessage): Record<string, string> {
  return {
    'access-control-allow-origin': request.headers.origin ?? '*',
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, POST, PUT, DELETE',
    'access-control-allow-headers': 'authorization, content-type, idempotency-key',
  }
}

function isAnn(cookie = ''): boolean {
  return cookie.split('; ').includes(`session=${SESSION}`)
}

function sight(request: IncomingMessage): Seen {
  const { origin, cookie } = request.headers
  return { what: `${request.method} ${request.url}`, origin, cookie: isAnn(cookie), status: 0 }
}

function field(request: IncomingMessage, name: string): string | undefined {
  return request.headers[name]?.toString()
}
