import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '@tautline/websocket'
import { createRealtime, RealtimeError, type RealtimeOptions, SettingError } from '../../src/mod.ts'
import { Time } from '../presence/clock.ts'
import { ask, type Served, serve, statuses, WAYS, type Way } from './handshakes.ts'

const APP = 'https://app.example.com'
/** O01, O04 to O07 and O10 to O12 of the bad inputs, and their relatives. */
const FOREIGN = [
  'null',
  '',
  'https://app.example.com.evil.com',
  'https://evilapp.example.com',
  'https://app.example.com.evil.com:443',
  'http://app.example.com',
  'https://app.example.com:444',
  'https://app.example.com:80',
  'https://app.example.com:',
  'https://app.example.com:0443',
  'https://app.example.com.',
  'https://app.example.com.:443',
  'https://user@app.example.com',
  'https://app.example.com@evil.com',
  'https://app.example.com/path',
  'https://app.example.com/',
  'https://app.example.com?',
  'https://app.example.com#',
  'https://app.example.com\\@evil.com',
  'https:app.example.com',
  '//app.example.com',
  'app.example.com',
  'https://app.example.com, https://app.example.com',
  'https://app.example.com https://evil.com',
  'https://app%2eexample.com',
  'wss://app.example.com',
  '*',
]

async function during(way: Way, options: RealtimeOptions, work: (served: Served) => Promise<void>): Promise<void> {
  const served = await serve(way, options)
  try {
    await work(served)
  } finally {
    await served.close()
  }
}

for (const way of WAYS) {
  describe(`origins of a server with ${way}()`, () => {
    it('are exactly those of the list, in any spelling of the same (O08, O09)', () =>
      during(way, { origins: [APP] }, async ({ port }) => {
        const good = [APP, 'https://APP.example.com', 'HTTPS://app.example.com', `${APP}:443`]
        assert.deepEqual(await statuses(port, good), Object.fromEntries(good.map((one) => [one, 101])))
        assert.deepEqual(await statuses(port, FOREIGN), Object.fromEntries(FOREIGN.map((one) => [one, 403])))
        assert.equal((await ask(port)).status, 101, 'a program')
      }))

    it('come once: two Origin headers are refused, even equal ones (O03)', () =>
      during(way, { origins: [APP] }, async ({ port }) => {
        assert.equal((await ask(port, ['Origin', APP], ['Origin', APP])).status, 403)
        assert.equal((await ask(port, ['Origin', APP], ['origin', 'https://evil.example'])).status, 403)
        assert.equal((await ask(port, ['Origin', ''], ['Origin', APP])).status, 403)
      }))

    it('with a list need not be the host, and being the host is not enough', () =>
      during(way, { origins: [APP] }, async ({ port }) => {
        const own = `http://127.0.0.1:${port}`
        const { status, body } = await ask(port, ['Origin', own])
        assert.equal(status, 403)
        assert.equal(body, `Pages of ${own} may not connect: the option "origins" does not list it.\n`)
      }))

    it('without a list are those of this machine, connecting to where they came from', () =>
      during(way, {}, async ({ port }) => {
        const from = async (origin: string, host: string) =>
          (await ask(port, ['Origin', origin], ['Host', host])).status
        for (const host of [
          `localhost:${port}`,
          `app.localhost:${port}`,
          `127.0.0.1:${port}`,
          `[::1]:${port}`,
          '10.0.0.7',
        ]) {
          assert.equal(await from(`http://${host}`, host), 101, host)
          assert.equal(await from(`http://${host}`, host.toUpperCase()), 101, host)
        }
        // Behind a proxy that ends TLS, and with the scheme's own port written out or not.
        assert.equal(await from('https://10.0.0.7', '10.0.0.7'), 101)
        assert.equal(await from('https://10.0.0.7', '10.0.0.7:443'), 101)
        assert.equal(await from('http://10.0.0.7:80', '10.0.0.7'), 101)
        // Another port of this machine is another program, whose page the browser sends the same cookies from.
        assert.equal(await from('http://localhost:1', `localhost:${port}`), 403)
        assert.equal(await from(`http://127.0.0.1:${port}`, `localhost:${port}`), 403)
        assert.equal(await from('https://10.0.0.7', '10.0.0.7:80'), 403)
        assert.equal(await from(`http://localhost.:${port}`, `localhost.:${port}`), 403)
        assert.equal(await from(`http://localhost.evil.example:${port}`, `localhost.evil.example:${port}`), 403)
        assert.equal(await from(`http://127.0.0.1.evil.example`, '127.0.0.1.evil.example'), 403)
        assert.equal(await from(`http://1.2.3.4x`, '1.2.3.4x'), 403)
        assert.equal(await from('null', 'localhost'), 403)
        assert.equal((await ask(port)).status, 101, 'a program')
      }))

    it('are never trusted because a name equals Host (DNS rebinding, O13), and X-Forwarded-Host is nobody (O14)', () =>
      during(way, {}, async ({ port, lines }) => {
        const origin = `http://evil.example:${port}`
        const rebound = await ask(port, ['Origin', origin], ['Host', `evil.example:${port}`])
        assert.equal(rebound.status, 403)
        assert.match(rebound.body, /List this one: origins: \['http:\/\/evil\.example:\d+'\]\.\n$/)
        assert.match(
          lines[0] ?? '',
          /^origin refused origin=http:\/\/evil\.example:\d+ problem=Pages of .* the option "origins"/,
        )
        const forwarded = [
          ['X-Forwarded-Host', 'evil.example'],
          ['Forwarded', 'host=evil.example'],
          ['X-Forwarded-Proto', 'https'],
        ] as const
        assert.equal((await ask(port, ['Origin', 'https://evil.example'], ...forwarded)).status, 403)
        assert.equal((await ask(port, ['Origin', `http://localhost`], ['X-Forwarded-Host', 'localhost'])).status, 403)
      }))

    it("of a server that reads cookies must be there when a cookie is (O01, O02), and 'null' is none", () =>
      during(way, { origins: [APP], cookies: true }, async ({ port }) => {
        const cookie = ['Cookie', 'sid=S3CRET'] as const
        assert.equal((await ask(port, cookie, ['Origin', APP])).status, 101)
        const without = await ask(port, cookie)
        assert.equal(without.status, 403)
        assert.match(without.body, /the option "cookies" is on/)
        assert.equal((await ask(port, cookie, ['Origin', 'null'])).status, 403)
        assert.equal((await ask(port, ['Cookie', ''])).status, 403)
        assert.equal((await ask(port)).status, 101, 'a program with a token')
      }))

    it('may be asked of a function, which lets pass with true alone', () => {
      const origins = ((origin: string | undefined) => origin === APP || Promise.resolve(true)) as never
      return during(way, { origins, cookies: true }, async ({ port, lines }) => {
        assert.equal((await ask(port, ['Origin', 'https://APP.example.com:443'])).status, 101)
        assert.equal((await ask(port, ['Origin', 'https://evil.example'])).status, 403)
        assert.equal((await ask(port, ['Origin', APP], ['Origin', APP])).status, 403)
        assert.equal((await ask(port, ['Cookie', 'sid=S3CRET'])).status, 403)
        assert.match(lines[0] ?? '', /the function "origins" did not answer true/)
      })
    })

    it("'any' are let in where nobody reads cookies", () =>
      during(way, { origins: 'any' }, async ({ port }) => {
        for (const origin of ['null', 'https://evil.example', APP]) {
          assert.equal((await ask(port, ['Origin', origin])).status, 101, origin)
        }
      }))

    it('can be changed while the server runs', () =>
      during(way, { origins: [APP], cookies: true }, async ({ realtime, port }) => {
        realtime.update({ origins: ['https://other.example'] })
        assert.equal((await ask(port, ['Origin', APP])).status, 403)
        assert.equal((await ask(port, ['Origin', 'https://other.example'])).status, 101)
        assert.throws(() => realtime.update({ origins: 'any' }), SettingError)
        assert.throws(() => realtime.update({ origins: ['https://other.example/'] }), SettingError)
        assert.equal((await ask(port, ['Origin', 'https://other.example'])).status, 101)
      }))

    it('that are refused are logged without what is no origin, and not again and again', () => {
      const clock = new Time()
      return during(way, { origins: [APP], clock }, async ({ port, lines }) => {
        await ask(port, ['Origin', 'https://ann:S3CRET@app.example.com'])
        await ask(port, ['Origin', 'https://a\u0085\u2028.example'])
        assert.equal(lines.filter((line) => line.includes('origin=malformed')).length, 2)
        for (let i = 0; i < 12; i++) await ask(port, ['Origin', 'null'])
        const ours = () => lines.filter((line) => line.startsWith('origin refused'))
        assert.equal(ours().length, 10)
        assert.match(ours().at(-1) ?? '', /more=not logged for a minute$/)
        await clock.pass(60_001)
        await ask(port, ['Origin', 'null'])
        assert.equal(ours().length, 11)
        assert.doesNotMatch(lines.join(), /S3CRET|[^\x20-\x7e]/)
      })
    })

    it('and cookies: hooks read them only where the option says so', async () => {
      const greet = async ({ realtime, port }: Served): Promise<unknown> => {
        realtime.onConnect(({ headers }) => {
          const user = /sid=(\w+)/.exec(headers.get('Cookie') ?? '')?.[1]
          if (user === undefined) throw new RealtimeError('unauthorized')
          return { user }
        })
        const socket = await connect(`ws://127.0.0.1:${port}/realtime`, { origin: APP, headers: { Cookie: 'sid=ann' } })
        const answer = Promise.withResolvers<string | Uint8Array>()
        socket.onmessage = answer.resolve
        socket.send(JSON.stringify({ id: 1, op: 'connect', client: 'client-1', features: [] }))
        const { ok, error } = JSON.parse(String(await answer.promise))
        socket.terminate()
        return ok?.user ?? error.code
      }
      await during(way, { origins: [APP], cookies: true }, async (served) => {
        assert.equal(await greet(served), 'ann')
      })
      await during(way, { origins: [APP] }, async (served) => {
        assert.equal(await greet(served), 'unavailable')
        assert.match(served.lines[0] ?? '', /^hook failed error=.*cookies must be true where a hook reads them/)
      })
    })
  })
}

describe('a server that reads cookies', () => {
  it('is not made without a list of origins', () => {
    assert.throws(() => createRealtime({ cookies: true }), /^SettingError: cookies needs the option origins/)
    assert.throws(() => createRealtime({ cookies: true, origins: 'any' }), SettingError)
  })
})
