// Tautline in Express, with express-session: the cookie of the session tells who connects.
import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { createRealtime, crossOrigin, RealtimeError } from '@tautline/server'
import express, { type Request, type Response } from 'express'
import expressSession from 'express-session'
import { html, script } from '../page/page.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
    login: string
  }
}

type Done = (error: unknown) => void

const port = Number(process.env['PORT'] ?? 8080)
const origins = (process.env['ORIGINS'] ?? `http://localhost:${port}`).split(',')
const secret = process.env['SESSION_SECRET'] ?? randomBytes(32).toString('hex')
const cookie = { httpOnly: true, sameSite: 'lax' } as const
const session = expressSession({ secret, cookie, name: 'session', resave: false, saveUninitialized: false })

const realtime = createRealtime({
  origins,
  cookies: true,
  channels: {
    hall: { allow: 'users' },
    news: { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
    'inbox:$user': { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
  },
}).onConnect(async ({ headers }) => {
  // The session middleware needs no more of a request than its path and its cookie.
  const handshake = { url: '/', headers: { cookie: headers.get('cookie') } } as Request
  await promisify((done: Done) => session(handshake, {} as Response, done))()
  const { user, login } = handshake.session
  if (user === undefined || login === undefined) throw new RealtimeError('unauthorized', 'log in first')
  return { user, token: { id: login } }
})

/** The same pages that may connect may ask, with the user's cookie; no other page may. */
const guard = crossOrigin({ origins, credentials: true })

const app = express()
app.use((request, response, next) => {
  const { headers, answer } = guard({ method: request.method, headers: { get: (name) => request.get(name) } })
  response.set(headers)
  if (answer === null) next()
  else response.status(answer.status).send(answer.text)
})
app.use(session, express.urlencoded({ extended: false, limit: '1kb' }))

app.get('/', (_, response) => response.send(html))
app.get('/page.js', (_, response) => response.type('js').send(script))
app.get('/me', (request, response) => {
  const { user } = request.session
  response.status(user === undefined ? 401 : 200).json({ user })
})
app.post('/login', async (request, response) => {
  const user = String(request.body?.user)
  if (!/^[a-z]{1,20}$/.test(user)) return void response.status(400).send('a name of 1 to 20 letters')
  // After the password was checked. A new session: nobody may have planted the old one.
  await promisify((done: Done) => request.session.regenerate(done))()
  Object.assign(request.session, { user, login: randomUUID() })
  await realtime.publish(`inbox:${user}`, `welcome, ${user}`)
  response.redirect(303, '/')
})
app.post('/logout', async (request, response) => {
  const { login } = request.session
  await promisify((done: Done) => request.session.destroy(done))()
  if (login !== undefined) await realtime.revoke({ token: login }, { until: Date.now() + 60_000 })
  response.redirect(303, '/')
})

const server = app.listen(port, () => console.log(`http://localhost:${(server.address() as AddressInfo).port}`))
realtime.attach(server)
