// Section L of the bad input, and O28 to O30, against a realtime server on a port of its own. What needs minutes or thousands
// of connections is in crowd.long.test.ts and flood.long.test.ts; what is only a matter of time stands in
// packages/server/test/admission on virtual time.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { buildFrame, closePayload, missingTool, parseFrames, type RawPeer, requestBytes } from '@tautline/testkit'
import { jsonCodec, RealtimeError } from '@tautline/wire'
import { Speaker } from '../../realtime/speaker.ts'
import { Watch } from '../../run/general.ts'
import { dial, knock, statusOf } from './knock.ts'

interface Served {
  readonly realtime: Realtime
  readonly port: number
  readonly lines: string[]
}

/** A server, a run against it, and a look at what is left: no socket, no timer, nothing counted. */
async function served(options: RealtimeOptions, run: (served: Served) => Promise<void>): Promise<void> {
  const watch = new Watch()
  const lines: string[] = []
  const realtime = createRealtime({
    allow: 'everyone',
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
    ...options,
    // How busy this machine is with something else is not what is tested here.
    admission: { lag: 60_000, ...options.admission },
  })
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  try {
    await run({ realtime, port, lines })
    // The next one is served, as soon as nothing is held against it.
    await waitFor(async () => (await statusOf(port, { from: '127.0.0.200' })) === 101)
  } finally {
    await realtime.close()
  }
  assert.equal(realtime['node'].admission.open, 0, 'connections are still counted')
  assert.equal(realtime.stats.connections, 0)
  await watch.done()
}

function counted(realtime: Realtime, name: string, label?: string): number {
  const its = realtime.metrics().filter((one) => one.name === name)
  return its
    .filter(({ labels }) => label === undefined || Object.values(labels).includes(label))
    .reduce((n, one) => n + one.value, 0)
}

async function ended(peer: RawPeer, ms = 5_000): Promise<boolean> {
  return peer.until(() => peer.ending !== 'open', ms)
}

/** The frames that came. */
function closeCode(peer: RawPeer): number | undefined {
  const close = parseFrames(peer.received).frames.find(({ opcode }) => opcode === 8)
  return close === undefined || close.payload.length < 2 ? undefined : close.payload.readUInt16BE(0)
}

const CONNECT = JSON.stringify({ id: 1, op: 'connect', client: 'q83vEjRWeJCrze8SNFZ4kA', features: [] })
const text = (payload: string): Buffer => buildFrame({ opcode: 1, payload, mask: true })

describe('section L: who does not come to the point', () => {
  it('L01 a head byte by byte is answered 408 at the handshake timeout', () =>
    served({ admission: { handshakeTimeout: 500 } }, async ({ port, realtime }) => {
      const peer = await dial(port)
      const head = requestBytes({ target: '/realtime' })
      const timer = setInterval(() => void peer.write(head.subarray(at, ++at)), 20)
      let at = 0
      assert.ok(await ended(peer))
      clearInterval(timer)
      assert.match(peer.received.toString(), /^HTTP\/1\.1 408 /)
      assert.ok(at < 60, `${at} bytes`)
      assert.equal(counted(realtime, 'tautline_refused_total', 'handshake-timeout'), 1)
      await peer.destroy()
    }))

  it('L02 a connection that says nothing is closed at the handshake timeout', () =>
    served({ admission: { handshakeTimeout: 300 } }, async ({ port }) => {
      const peers = await Promise.all(Array.from({ length: 50 }, () => dial(port)))
      assert.ok((await Promise.all(peers.map((peer) => ended(peer)))).every(Boolean))
      await Promise.all(peers.map((peer) => peer.destroy()))
    }))

  it('L03 a client that never says connect is closed with 4005', () =>
    served({ admission: { handshakeTimeout: 300 } }, async ({ port }) => {
      const { peer } = await knock(port)
      assert.ok(await peer.until(() => closeCode(peer) !== undefined))
      assert.equal(closeCode(peer), 4005)
      await peer.destroy()
    }))

  it('L08 a frame that is begun and never ended ends the connection', () =>
    served({ admission: { messageTimeout: 1_000 } }, async ({ port }) => {
      const { peer } = await knock(port)
      await peer.write(Buffer.concat([text(CONNECT), text('x'.repeat(100)).subarray(0, 50)]))
      const began = performance.now()
      assert.ok(await ended(peer))
      const ms = performance.now() - began
      assert.ok(ms > 950 && ms < 3_000, `${ms} ms`)
      await peer.destroy()
    }))
})

describe('section L: who says too much', () => {
  it('L06 a flood of pings costs no memory, read or not, and is closed with 1008', () =>
    served({}, async ({ port, realtime }) => {
      const pings = Buffer.concat(
        Array.from({ length: 1_000 }, () => buildFrame({ opcode: 9, payload: 'p'.repeat(125), mask: true })),
      )
      for (const reads of [true, false]) {
        const { peer } = await knock(port)
        await peer.write(text(CONNECT))
        await peer.until(() => peer.received.includes('"conn"'))
        peer.take()
        if (!reads) peer.socket.pause()
        globalThis.gc?.()
        const before = process.memoryUsage()
        for (let i = 0; i < 10; i++) await peer.write(pings)
        await waitFor(() => realtime.stats.connections === 0)
        globalThis.gc?.()
        const after = process.memoryUsage()
        const grown = after.heapUsed + after.external - before.heapUsed - before.external
        assert.ok(grown < 12_000_000, `${grown} bytes more`)
        peer.socket.resume()
        assert.ok(await peer.until(() => closeCode(peer) !== undefined))
        assert.equal(closeCode(peer), 1008)
        await peer.destroy()
      }
      assert.ok(counted(realtime, 'tautline_limited_total', 'message rate') > 4_000)
    }))

  it('L06 a peer that pings a hundred times at once is answered, and nothing is held against it', () =>
    served({}, async ({ port, realtime }) => {
      const { peer } = await knock(port)
      const ping = buildFrame({ opcode: 9, payload: 'p', mask: true })
      await peer.write(Buffer.concat([...Array.from({ length: 100 }, () => ping), text(CONNECT)]))
      assert.ok(await peer.until(() => peer.received.includes('"conn"')))
      assert.ok(parseFrames(peer.received).frames.some(({ opcode }) => opcode === 10))
      assert.equal(counted(realtime, 'tautline_limited_total'), 0)
      await peer.destroy()
    }))

  it('L07 a frame of 32 kB, a byte per segment, is taken, at a cost that grows with its length', () =>
    served({ admission: { messageTimeout: 60_000 } }, async ({ port }) => {
      const spent = async (bytes: number): Promise<number> => {
        const { peer } = await knock(port)
        await peer.write(text(CONNECT))
        await peer.until(() => peer.received.includes('"conn"'))
        const frame = text(JSON.stringify({ id: 2, op: 'ping', pad: 'x'.repeat(bytes) }))
        const before = process.cpuUsage()
        await peer.writeSplit(Array.from(frame, (byte) => Uint8Array.of(byte)))
        assert.ok(await peer.until(() => peer.received.includes('"id":2,"ok"')))
        const { user, system } = process.cpuUsage(before)
        await peer.destroy()
        return (user + system) / 1_000
      }
      const half = await spent(16_000)
      const whole = await spent(32_000)
      assert.ok(whole < half * 4 + 200, `16 kB: ${half} ms of CPU, 32 kB: ${whole} ms`)
    }))

  it('L09 fragments held open on many connections stay small, and 1,025 of one message end it with 1008', () =>
    served({}, async ({ port }) => {
      const fragment = (opcode: number): Buffer => buildFrame({ opcode, payload: 'x', mask: true, fin: false })
      const held = Buffer.concat([fragment(1), ...Array.from({ length: 1_000 }, () => fragment(0))])
      const peers = await Promise.all(Array.from({ length: 100 }, async () => (await knock(port)).peer))
      globalThis.gc?.()
      const before = process.memoryUsage().rss
      for (const peer of peers) await peer.write(held)
      const grown = process.memoryUsage().rss - before
      assert.ok(grown < 60_000_000, `${grown} bytes more`)
      const [first] = peers as [RawPeer]
      await first.write(Buffer.concat(Array.from({ length: 100 }, () => fragment(0))))
      assert.ok(await first.until(() => closeCode(first) !== undefined))
      assert.equal(closeCode(first), 1008)
      await Promise.all(peers.map((peer) => peer.destroy()))
    }))

  it('L10 a loop of subscribe and unsubscribe is closed with 1008', () =>
    served({}, async ({ port, realtime }) => {
      const speaker = await Speaker.open({ port, codec: jsonCodec })
      await speaker.greet()
      for (let n = 0; n < 100 && !speaker.over; n++) {
        const loop = Array.from({ length: 50 }, (_, i) => [
          { id: 2 + n * 100 + 2 * i, op: 'subscribe', ch: 'a', from: 'head' },
          { id: 3 + n * 100 + 2 * i, op: 'unsubscribe', ch: 'a' },
        ])
        await speaker.say(...loop.flat())
        await speaker.until(() => speaker.over || speaker.replies.size > n * 100, 1_000)
      }
      await speaker.until(() => speaker.over)
      assert.equal(speaker.closeCode, 1008)
      assert.deepEqual(speaker.faults, [])
      assert.ok(counted(realtime, 'tautline_limited_total', 'subscription rate') > 1_000)
      await speaker.peer.destroy()
    }))

  it('L11 a loop of connect and close from one address is answered 429; another address is served', () =>
    served({ admission: { perAddress: 100, addressRate: 50 } }, async ({ port, realtime }) => {
      const seen = new Map<number, number>()
      for (let round = 0; round < 50; round++) {
        const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(port)))
        for (const status of statuses) seen.set(status, (seen.get(status) ?? 0) + 1)
      }
      assert.equal(await statusOf(port, { from: '127.0.0.2' }), 101)
      const { retryAfter, peer } = await knock(port)
      assert.match(retryAfter ?? '', /^[1-9]\d*$/)
      await peer.destroy()
      assert.ok((seen.get(429) ?? 0) > 500 && (seen.get(101) ?? 0) >= 100, JSON.stringify([...seen]))
      assert.ok(counted(realtime, 'tautline_limited_total') > 500)
    }))
})

describe('section L: who goes away', () => {
  it('L13 a reset while the hook decides is no error, and what it decides is nobody’s', () =>
    served({}, async ({ realtime, port }) => {
      const decided = Promise.withResolvers<void>()
      let asked = 0
      let gone = 0
      realtime.onDisconnect(() => void gone++)
      realtime.onConnect(async () => {
        asked++
        await decided.promise
        return asked > 20 ? {} : { user: 'ann', channels: ['a:1'] }
      })
      const peers = await Promise.all(Array.from({ length: 20 }, async () => (await knock(port)).peer))
      for (const peer of peers) await peer.write(text(CONNECT))
      await waitFor(() => asked === 20)
      for (const peer of peers) peer.socket.resetAndDestroy()
      await waitFor(() => realtime.stats.connections === 0)
      decided.resolve()
      await waitFor(() => realtime['node'].admission.open === 0)
      assert.equal(gone, 0, 'nobody had been let in')
      assert.equal(counted(realtime, 'tautline_users'), 0)
    }))

  it('L14 a reset right behind the 101 leaves nothing', () =>
    served({}, async ({ realtime, port }) => {
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const peer = await dial(port)
            await peer.write(Buffer.concat([requestBytes({ target: '/realtime' }), text(CONNECT)]))
            if (round % 2 === 0) await peer.until(() => peer.received.length > 0)
            peer.socket.resetAndDestroy()
          }),
        )
      }
      await waitFor(() => realtime['node'].admission.open === 0 && realtime.stats.connections === 0)
      assert.equal(
        counted(realtime, 'tautline_disconnects_total'),
        counted(realtime, 'tautline_disconnects_total', 'lost'),
      )
    }))

  it('L12 a client that does not answer the close is not waited for for ever, and counts until then', () =>
    served({ admission: { handshakeTimeout: 100 } }, async ({ realtime, port }) => {
      const { peer } = await knock(port)
      assert.ok(await peer.until(() => closeCode(peer) === 4005))
      assert.equal(realtime.stats.connections, 0)
      assert.equal(realtime['node'].admission.open, 1)
      await peer.write(buildFrame({ opcode: 8, payload: closePayload(4005), mask: true }))
      assert.ok(await ended(peer))
      await peer.destroy()
      await waitFor(() => realtime['node'].admission.open === 0)
    }))
})

describe('a process that is not well', () => {
  it('lets nobody in while its loop is late, and those inside stay', () =>
    served({}, async ({ realtime, port }) => {
      const { peer } = await knock(port)
      await peer.write(text(CONNECT))
      await peer.until(() => peer.received.includes('"conn"'))
      realtime.update({ admission: { lag: 40 } })
      let busy = true
      const work = (): void => {
        const until = performance.now() + 120
        while (performance.now() < until);
        if (busy) setImmediate(work)
      }
      setImmediate(work)
      const busyFor = setTimeout(() => {
        busy = false
      }, 8_000)
      await waitFor(async () => (await statusOf(port)) === 503)
      const { retryAfter, peer: refused } = await knock(port)
      assert.match(retryAfter ?? '', /^[1-7]$/)
      await refused.destroy()
      clearTimeout(busyFor)
      busy = false
      realtime.update({ admission: { lag: 60_000 } })
      await waitFor(async () => (await statusOf(port)) === 101)
      assert.equal(peer.ending, 'open')
      assert.ok(counted(realtime, 'tautline_limited_total', 'lag') >= 2)
      await peer.destroy()
    }))

  it('lets nobody in above its mark of memory', () =>
    served({ admission: { memory: 67_108_864 } }, async ({ realtime, port }) => {
      assert.ok(process.memoryUsage.rss() > 67_108_864)
      assert.equal(await statusOf(port), 503)
      assert.equal(counted(realtime, 'tautline_limited_total', 'memory'), 1)
      realtime.update({ admission: {} })
      assert.equal(await statusOf(port), 101)
    }))

  it('as full as it may be, answers 503 at once, and serves again when somebody leaves (attached as well)', () =>
    served({ admission: { connections: 5 } }, async ({ realtime, port }) => {
      const http = createServer()
      realtime.attach(http)
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      const attached = (http.address() as AddressInfo).port
      const peers = await Promise.all(
        Array.from({ length: 5 }, async (_, i) => (await knock(i % 2 === 0 ? port : attached)).peer),
      )
      for (const at of [port, attached]) {
        const { status, retryAfter, peer } = await knock(at)
        assert.equal(status, 503)
        assert.match(retryAfter ?? '', /^\d+$/)
        await peer.destroy()
      }
      await peers[0]?.destroy()
      await waitFor(async () => (await statusOf(attached)) === 101)
      await Promise.all(peers.map((peer) => peer.destroy()))
      http.close()
    }))
})

describe('section O: addresses', () => {
  it('O28 a thousand failed handshakes from one address: 429 behind the hundredth, others are served', () =>
    served({}, async ({ port, realtime, lines }) => {
      const seen = new Map<number, number>()
      for (let round = 0; round < 50; round++) {
        const some = Array.from({ length: 20 }, () => statusOf(port, { from: '127.0.0.9', target: '/nowhere' }))
        for (const status of await Promise.all(some)) seen.set(status, (seen.get(status) ?? 0) + 1)
      }
      const [failed, barred] = [seen.get(404) ?? 0, seen.get(429) ?? 0]
      assert.ok(failed >= 100 && failed <= 120 && failed + barred === 1_000, JSON.stringify([...seen]))
      assert.equal(await statusOf(port, { from: '127.0.0.9' }), 429)
      assert.equal(await statusOf(port, { from: '127.0.0.8' }), 101)
      assert.ok(realtime['node'].admission.remembered < 10)
      assert.ok(lines.length < 100, `${lines.length} lines`)
    }))

  it('O28 what a foreign page makes its visitor’s browser do locks nobody out', () =>
    served({ origins: ['https://app.example.com'], admission: { failures: 5 } }, async ({ port }) => {
      const from = '127.0.0.10'
      for (let i = 0; i < 20; i++) {
        assert.equal(await statusOf(port, { from, fields: [['Origin', 'https://evil.example']] }), 403)
        assert.equal(await statusOf(port, { from, target: '/x', fields: [['Origin', 'https://evil.example']] }), 404)
        assert.equal(await statusOf(port, { from, target: '/x', fields: [['Sec-Fetch-Site', 'cross-site']] }), 404)
      }
      assert.equal(await statusOf(port, { from, fields: [['Origin', 'https://app.example.com']] }), 101)
    }))

  it('O28 a connect that is refused counts as well', () =>
    served({ admission: { failures: 5 } }, async ({ port, realtime }) => {
      realtime.onConnect(() => Promise.reject(new Error('a fault of the hook is none of the client’s')))
      for (let i = 0; i < 8; i++) {
        const { peer, status } = await knock(port, { from: '127.0.0.7' })
        assert.equal(status, 101)
        await peer.write(text(CONNECT))
        await peer.until(() => closeCode(peer) !== undefined)
        await peer.destroy()
      }
      realtime.onConnect(() => {
        throw new RealtimeError('unauthorized')
      })
      const statuses: number[] = []
      for (let i = 0; i < 7; i++) {
        const { peer, status } = await knock(port, { from: '127.0.0.7' })
        statuses.push(status)
        if (status === 101) await peer.write(text(CONNECT))
        await peer.until(() => status !== 101 || closeCode(peer) !== undefined)
        await peer.destroy()
      }
      assert.deepEqual(statuses, [101, 101, 101, 101, 101, 429, 429])
      realtime.onConnect(() => ({}))
    }))

  it('O29 TLS to a plain port is answered and closed, and a crowd of them writes few lines', () =>
    served({}, async ({ port, lines, realtime }) => {
      const hello = Buffer.from('16030100f8010000f40303', 'hex')
      for (let i = 0; i < 90; i++) {
        const peer = await dial(port, '127.0.0.6')
        await peer.write(Buffer.concat([hello, Buffer.alloc(300, 1)]))
        assert.ok(await ended(peer))
        await peer.destroy()
      }
      assert.equal(counted(realtime, 'tautline_refused_total', 'tls-on-plain-port'), 90)
      assert.ok(lines.length <= 60, `${lines.length} lines`)
    }))

  it('O29 plain HTTP to a TLS port is closed, and a crowd of them writes few lines', async (t) => {
    const tls = certificate()
    if (typeof tls === 'string') return t.skip(tls)
    const watch = new Watch()
    const lines: string[] = []
    const realtime = createRealtime({ allow: 'everyone', log: (event) => lines.push(event) })
    const port = await realtime.listen({ port: 0, host: '127.0.0.1', tls })
    for (let i = 0; i < 90; i++) {
      const peer = await dial(port)
      await peer.write(Buffer.from('GET /realtime HTTP/1.1\r\nHost: h\r\n\r\n'))
      assert.ok(await ended(peer))
      assert.ok(!peer.received.includes('HTTP/1.1 200'))
      await peer.destroy()
    }
    assert.equal(counted(realtime, 'tautline_refused_total', 'tls'), 90)
    assert.ok(lines.length <= 60, `${lines.length} lines`)
    await realtime.close()
    await watch.done()
  })

  it('O30 who is counted is whom the trusted hop names, whatever the client wrote', () =>
    served({ admission: { failures: 3, trustedProxies: ['127.0.0.5'] } }, async ({ port, lines }) => {
      const many = Array.from({ length: 1_000 }, (_, i) => `198.51.100.${i % 256}`).join(', ')
      const written = ['', 'garbage, ', 'fe80::1%eth0, ', '"; DROP, ', `${many}, `.slice(0, 12_000)]
      const through = (client: string, i: number): Promise<number> =>
        statusOf(port, {
          from: '127.0.0.5',
          target: '/nowhere',
          fields: [
            ['X-Forwarded-For', `${written[i % 5]}${client}`],
            ['Forwarded', 'for=203.0.113.77'],
          ],
        })
      const statuses: number[] = []
      for (let i = 0; i < 6; i++) statuses.push(await through('192.0.2.66', i))
      assert.deepEqual(statuses, [404, 404, 404, 429, 429, 429])
      assert.equal(await through('192.0.2.67', 0), 404)
      // And from whom nobody trusts it is not looked at.
      const forged = (i: number): Promise<number> =>
        statusOf(port, { from: '127.0.0.4', target: '/nowhere', fields: [['X-Forwarded-For', `192.0.2.${i}`]] })
      const own: number[] = []
      for (let i = 0; i < 5; i++) own.push(await forged(i))
      assert.deepEqual(own, [404, 404, 404, 429, 429])
      // Who has forgotten to name a proxy finds out why.
      assert.equal(lines.filter((line) => line.includes('name it in admission.trustedProxies')).length, 2)
    }))
})

async function waitFor(condition: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    assert.ok(performance.now() < end, 'it did not come to that')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function certificate(): { key: Buffer; cert: Buffer } | string {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=localhost'], {
      stdio: 'ignore',
    })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return missingTool('openssl')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
