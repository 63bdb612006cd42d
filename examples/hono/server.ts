// Tautline in Hono on Node, with a session in a signed cookie.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { createRealtime, crossOrigin, RealtimeError } from '@tautline/server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { html, script } from '../page/page.ts'

const port = Number(process.env['PORT'] ?? 8080)
const origins = (process.env['ORIGINS'] ?? `http://localhost:${port}`).split(',')
const secret = process.env['SESSION_SECRET'] ?? randomBytes(32).toString('hex')

/** Who logged in, by session: nobody comes back with an old cookie. The id of the login is no secret, as the session is. */
const sessions = new Map<string, { readonly user: string; readonly login: string }>()

async function sessionOf(context: Context): Promise<string> {
  return (await getSignedCookie(context, secret, 'session')) || ''
}

const app = new Hono()

const realtime = createRealtime({
  origins,
  cookies: true,
  channels: {
    hall: { allow: 'users' },
    news: { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
    'inbox:$user': { allow: { subscribe: 'users', history: 'users', publish: 'nobody' } },
  },
}).onConnect(async ({ headers }) => {
  // The application itself is asked who this is, without a network between.
  const me = await app.request('/me', { headers: { cookie: headers.get('cookie') ?? '' } })
  if (!me.ok) throw new RealtimeError('unauthorized', 'log in first')
  const { user, login } = (await me.json()) as { user: string; login: string }
  return { user, token: { id: login } }
})

/** The same pages that may connect may ask, with the user's cookie; no other page may. */
const guard = crossOrigin({ origins, credentials: true })
app.use(async (context, next) => {
  const { headers, answer } = guard(context.req.raw)
  for (const [name, value] of Object.entries(headers)) context.header(name, value)
  if (answer !== null) return context.text(answer.text, answer.status as 403)
  await next()
})

app.get('/', (context) => context.html(html))
app.get('/page.js', (context) => context.body(script, 200, { 'Content-Type': 'text/javascript' }))
app.get('/me', async (context) => {
  const me = sessions.get(await sessionOf(context))
  return context.json(me ?? {}, me === undefined ? 401 : 200)
})
app.post('/login', bodyLimit({ maxSize: 1_000 }), async (context) => {
  const user = String((await context.req.parseBody())['user'])
  if (!/^[a-z]{1,20}$/.test(user)) return context.text('a name of 1 to 20 letters', 400)
  const session = randomUUID()
  sessions.set(session, { user, login: randomUUID() }) // after the password was checked
  await setSignedCookie(context, 'session', session, secret, { httpOnly: true, sameSite: 'Lax' })
  await realtime.publish(`inbox:${user}`, `welcome, ${user}`)
  return context.redirect('/', 303)
})
app.post('/logout', async (context) => {
  const session = await sessionOf(context)
  const login = sessions.get(session)?.login
  sessions.delete(session)
  deleteCookie(context, 'session')
  if (login !== undefined) await realtime.revoke({ token: login }, { until: Date.now() + 60_000 })
  return context.redirect('/', 303)
})

const server = serve({ fetch: app.fetch, port }, ({ port }) => console.log(`http://localhost:${port}`))
realtime.attach(server as Server)
