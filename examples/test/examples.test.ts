import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { type Example, ORIGIN, reaches, start, Visitor } from './example.ts'

/** What each framework answers where it has nothing. */
const NOTHING: Readonly<Record<string, RegExp>> = {
  http: /^there is nothing here$/,
  express: /Cannot GET \/nowhere/,
  fastify: /"message":"Route GET:\/nowhere not found"/,
  hono: /^404 Not Found$/,
}

for (const [name, nothing] of Object.entries(NOTHING)) {
  describe(`the example with ${name}`, () => {
    let example: Example
    const visitors: Visitor[] = []
    const visitor = (origin?: string): Visitor => {
      const one = new Visitor(example, origin)
      visitors.push(one)
      return one
    }
    before(async () => {
      example = await start(name)
    })
    after(async () => {
      for (const one of visitors) one.leave()
      await example.stop()
      assert.doesNotMatch(example.output(), /S3CRET|rror/)
    })

    it('serves its page, its script and its own 404', async () => {
      const page = await visitor().get('/')
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
      assert.match(await page.text(), /<form id="login" method="post" action="\/login"/)
      const script = await visitor().get('/page.js')
      assert.match(script.headers.get('content-type') ?? '', /javascript/)
      assert.match(await script.text(), /\/realtime/)
      const nowhere = await visitor().get('/nowhere')
      assert.equal(nowhere.status, 404)
      assert.match(await nowhere.text(), nothing)
      assert.equal((await visitor().get('/me')).status, 401)
    })

    it('lets in who logged in, by the cookie of the session, which no script can read', async () => {
      const ann = visitor()
      const response = await ann.logIn('ann')
      const set = response.headers.getSetCookie().join('; ')
      assert.match(set, /HttpOnly/)
      assert.match(set, /SameSite=Lax/)
      assert.equal(((await (await ann.get('/me')).json()) as { user: string }).user, 'ann')
      const client = ann.client()
      await reaches(client, 'connected')
      assert.equal(client.user, 'ann')
    })

    it('allows what its rules allow, and nothing else', async () => {
      const [ann, bob] = [visitor(), visitor()]
      await Promise.all([ann.logIn('ann'), bob.logIn('bob')])
      const [hers, his] = [ann.client(), bob.client()]
      const heard = Promise.withResolvers<unknown>()
      const subscription = hers
        .channel('hall')
        .subscribe({ onMessage: ({ data, from }) => heard.resolve([data, from?.user]) })
      await new Promise<void>((resolve) => subscription.on('state', ({ state }) => state === 'live' && resolve()))
      await his.channel('hall').publish('hello')
      assert.deepEqual(await heard.promise, ['hello', 'bob'])

      const { messages } = await hers.channel('inbox:ann').history()
      assert.equal(messages.at(-1)?.data, 'welcome, ann')
      await assert.rejects(his.channel('inbox:ann').history(), { code: 'forbidden' })
      await assert.rejects(his.channel('inbox:ann').publish('not hers'), { code: 'forbidden' })
      await assert.rejects(his.channel('news').publish('no news'), { code: 'forbidden' })
      await assert.rejects(his.channel('elsewhere').history(), { code: 'forbidden' })
      await his.channel('news').history()
    })

    it('ends the connections of a session that is logged out, those only, and lets its cookie in no more', async () => {
      const cy = visitor()
      await cy.logIn('cy')
      const [client, tab] = [cy.client(), cy.client()]
      const elsewhere = visitor()
      await elsewhere.logIn('cy')
      const other = elsewhere.client()
      await Promise.all([client, tab, other].map((one) => reaches(one, 'connected')))
      const stopped = Promise.all([client, tab].map((one) => reaches(one, 'stopped')))
      const { cookie } = cy
      assert.equal((await cy.post('/logout')).status, 303)
      for (const { code, text } of await stopped) assert.deepEqual([code, text], [4201, 'the token was revoked'])
      await other.channel('hall').history()
      cy.cookie = cookie
      assert.equal((await cy.get('/me')).status, 401)
      const again = cy.client()
      assert.notEqual((await reaches(again, 'connected', 'waiting', 'stopped')).state, 'connected')
    })

    it('refuses pages of other origins, with the cookie too', async () => {
      const dora = visitor()
      await dora.logIn('dora')
      for (const origin of [
        'https://evil.example',
        'null',
        `http://127.0.0.1:${example.port}`,
        `${ORIGIN}.evil.example`,
      ]) {
        const evil = visitor(origin)
        evil.cookie = dora.cookie
        assert.equal(await handshake(example.port, '/realtime', origin, evil.cookie), 403, origin)
        assert.equal((await evil.post('/logout')).status, 403, origin)
        assert.equal((await evil.post('/login', { user: 'eve' })).status, 403, origin)
      }
      assert.equal(
        await handshake(example.port, '/realtime', undefined, dora.cookie),
        403,
        'a cookie without an origin',
      )
      assert.equal(await handshake(example.port, '/realtime', ORIGIN, dora.cookie), 101)
      assert.equal((await dora.get('/me')).status, 200, 'nobody logged her out')
    })

    it('refuses who has no session, a made-up one, or one whose signature is not right', async () => {
      const nobody = visitor()
      for (const cookie of ['', 'session=x', 'session=s%3Aabc.def', `session=${'a'.repeat(32)}`]) {
        nobody.cookie = cookie
        assert.notEqual((await reaches(nobody.client(), 'connected', 'waiting', 'stopped')).state, 'connected', cookie)
      }
      const ann = visitor()
      await ann.logIn('ann')
      nobody.cookie = `${ann.cookie.slice(0, -4)}AAAA`
      assert.notEqual((await reaches(nobody.client(), 'connected', 'waiting', 'stopped')).state, 'connected')
    })

    it('answers who asks for a WebSocket elsewhere', async () => {
      assert.equal(await handshake(example.port, '/other', ORIGIN), 404)
    })
  })
}

async function handshake(port: number, target: string, origin?: string, cookie?: string): Promise<number> {
  const peer = await RawPeer.connect(port)
  try {
    const fields: [string, string][] = []
    if (origin !== undefined) fields.push(['Origin', origin])
    if (cookie !== undefined) fields.push(['Cookie', cookie])
    await peer.write(requestBytes({ target, fields }))
    await peer.until(() => readHead(peer.received) !== null)
    return Number(readHead(peer.received)?.line.split(' ')[1])
  } finally {
    await peer.destroy()
  }
}
