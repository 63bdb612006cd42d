// Tautline in Fastify, with @fastify/session: the cookie of the session tells who connects.
import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { fastifyCookie } from '@fastify/cookie'
import { fastifySession } from '@fastify/session'
import { createRealtime, crossOrigin, RealtimeError } from '@tautline/server'
import Fastify, { type FastifyRequest } from 'fastify'
import { html, script } from '../page/page.ts'

declare module 'fastify' {
  interface Session {
    user?: string
    login?: string
  }
}

const port = Number(process.env['PORT'] ?? 8080)
const origins = (process.env['ORIGINS'] ?? `http://localhost:${port}`).split(',')
const secret = process.env['SESSION_SECRET'] ?? randomBytes(32).toString('hex')

const app = Fastify()
const cookie = { httpOnly: true, sameSite: 'lax', secure: false } as const
await app.register(fastifyCookie)
await app.register(fastifySession, { secret, cookie, cookieName: 'session', saveUninitialized: false })

const realtime = createRealtime({
  origins,
  cookies: true,
  channels: {
    hall: { allow: 'users' },
    news: { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
    'inbox:$user': { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
  },
}).onConnect(async ({ headers }) => {
  const { session = '' } = app.parseCookie(headers.get('cookie') ?? '')
  const handshake = {} as FastifyRequest
  await promisify((done: (error: unknown) => void) => app.decryptSession(session, handshake, done))()
  const { user, login } = handshake.session ?? {}
  if (user === undefined || login === undefined) throw new RealtimeError('unauthorized', 'log in first')
  return { user, token: { id: login } }
})
realtime.attach(app.server)
app.addHook('preClose', () => realtime.close())

/** The same pages that may connect may ask, with the user's cookie; no other page may. */
const guard = crossOrigin({ origins, credentials: true })
app.addHook('onRequest', async ({ method, headers: fields }, reply) => {
  const { headers, answer } = guard({ method, headers: { get: (name) => fields[name]?.toString() } })
  reply.headers(headers)
  if (answer !== null) return reply.code(answer.status).send(answer.text)
})

app.addContentTypeParser(
  'application/x-www-form-urlencoded',
  { parseAs: 'string', bodyLimit: 1_000 },
  (_, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
)
app.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(html))
app.get('/page.js', (_, reply) => reply.type('text/javascript').send(script))
app.get('/me', ({ session: { user } }, reply) => reply.code(user === undefined ? 401 : 200).send({ user }))
app.post<{ Body?: { user?: string } }>('/login', async (request, reply) => {
  const user = String(request.body?.user)
  if (!/^[a-z]{1,20}$/.test(user)) return reply.code(400).send('a name of 1 to 20 letters')
  // After the password was checked. A new session: nobody may have planted the old one.
  await request.session.regenerate()
  Object.assign(request.session, { user, login: randomUUID() })
  await realtime.publish(`inbox:${user}`, `welcome, ${user}`)
  return reply.redirect('/', 303)
})
app.post('/logout', async (request, reply) => {
  const { login } = request.session
  await request.session.destroy()
  if (login !== undefined) await realtime.revoke({ token: login }, { until: Date.now() + 60_000 })
  return reply.redirect('/', 303)
})

await app.listen({ port })
console.log(`http://localhost:${(app.server.address() as AddressInfo).port}`)
