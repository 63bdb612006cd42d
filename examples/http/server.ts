// Tautline in a plain node:http server with sessions of its own.
import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRealtime, crossOrigin, RealtimeError } from '@tautline/server'
import { html, script } from '../page/page.ts'

const port = Number(process.env['PORT'] ?? 8080)
const origins = (process.env['ORIGINS'] ?? `http://localhost:${port}`).split(',')

/** Who logged in, by session. The id of the login is no secret, as the session is. */
const sessions = new Map<string, { readonly user: string; readonly login: string }>()

function sessionOf(cookie = ''): string {
  return /(?:^|; )session=([\w-]+)/.exec(cookie)?.[1] ?? ''
}

const realtime = createRealtime({
  origins,
  cookies: true,
  channels: {
    hall: { allow: 'users' },
    news: { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
    'inbox:$user': { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
  },
}).onConnect(({ headers }) => {
  const session = sessions.get(sessionOf(headers.get('cookie')))
  if (session === undefined) throw new RealtimeError('unauthorized', 'log in first')
  return { user: session.user, token: { id: session.login } }
})

type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const routes: Readonly<Record<string, Route>> = {
  'GET /': (_, response) => void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(html),
  'GET /page.js': (_, response) => void response.setHeader('Content-Type', 'text/javascript').end(script),
  'GET /me': (request, response) => {
    const user = sessions.get(sessionOf(request.headers.cookie))?.user
    response.writeHead(user === undefined ? 401 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ user }))
  },
  'POST /login': async (request, response) => {
    if (!(Number(request.headers['content-length']) <= 1_000)) return void response.writeHead(413).end()
    const user = new URLSearchParams(await text(request)).get('user') ?? ''
    if (!/^[a-z]{1,20}$/.test(user)) return void response.writeHead(400).end('a name of 1 to 20 letters')
    const session = randomBytes(24).toString('base64url')
    sessions.set(session, { user, login: randomUUID() }) // after the password was checked
    await realtime.publish(`inbox:${user}`, `welcome, ${user}`)
    response.setHeader('Set-Cookie', `session=${session}; HttpOnly; SameSite=Lax; Path=/`)
    response.writeHead(303, { Location: '/' }).end()
  },
  'POST /logout': async (request, response) => {
    const session = sessionOf(request.headers.cookie)
    const login = sessions.get(session)?.login
    sessions.delete(session)
    if (login !== undefined) await realtime.revoke({ token: login }, { until: Date.now() + 60_000 })
    response.writeHead(303, { Location: '/' }).end()
  },
}

/** The same pages that may connect may ask, with the user's cookie; no other page may. */
const guard = crossOrigin({ origins, credentials: true })

const server = createServer(async (request, response) => {
  const { method = '', url = '' } = request
  const { headers, answer } = guard({ method, headers: { get: (name) => request.headers[name]?.toString() } })
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const route = routes[`${method} ${url}`]
  if (answer !== null) response.writeHead(answer.status).end(answer.text)
  else if (route === undefined) response.writeHead(404).end('there is nothing here')
  else await route(request, response)
})
realtime.attach(server)
server.listen(port, () => console.log(`http://localhost:${(server.address() as AddressInfo).port}`))
