// TLS: certificates that change on disk are taken over by new connections; files that are wrong change nothing.

import assert from 'node:assert/strict'
import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect as open } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { WebSocket } from '@tautline/websocket'
import { generate } from 'selfsigned'
import { newFolder, run, serve, start } from '../command.ts'
import { closeAll, connect, reached } from './clients.ts'

after(closeAll)

interface Pair {
  readonly cert: string
  readonly private: string
}

async function pair(name: string): Promise<Pair> {
  return generate([{ name: 'commonName', value: name }], {
    ...{ keyType: 'ec', algorithm: 'sha256' },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
}

/** Who answers on this port. */
function nameAt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }, () => {
      const { subject } = stream.getPeerCertificate() as PeerCertificate
      stream.destroy()
      resolve(String(subject.CN))
    })
    stream.on('error', reject)
  })
}

const CONFIG = { allow: 'everyone', tls: { cert: 'cert.pem', key: 'key.pem' } }

function folderWith({ cert, private: key }: Pair): string {
  return newFolder({ 'tautline.config.json': JSON.stringify(CONFIG), 'cert.pem': cert, 'key.pem': key })
}

test('whoever speaks no TLS is in the log, by the address that other lines have', async () => {
  const folder = folderWith(await pair('plain'))
  // On all addresses, where IPv4 comes as ::ffff:127.0.0.1.
  const server = start(['serve', '--port', '0', '--monitoring-port', '0'], { folder })
  const port = Number(new URL(String((await server.line('listening')).url)).port)
  const plain = open({ host: '127.0.0.1', port }, () => plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  plain.on('error', () => {})
  assert.equal((await server.line('tls handshake refused')).address, '127.0.0.1')
  plain.destroy()
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0)
})

test('another certificate on disk is what new connections get; open ones stay; wrong files change nothing', async () => {
  const [first, second, third] = await Promise.all([pair('first'), pair('second'), pair('third')])
  const folder = folderWith(first)
  const server = await serve([], { folder })
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  assert.equal(await nameAt(server.url), 'first')

  const client = connect(server.realtime, { WebSocket: trusting(first.cert) })
  client.connect()
  await reached(client, 'connected')

  put('cert.pem', second.cert)
  put('key.pem', second.private)
  await server.line('certificate replaced')
  assert.equal(await nameAt(server.url), 'second')
  await client.channel('a').publish('the old connection')

  put('cert.pem', 'nonsense')
  assert.match(String((await server.line('certificate kept')).problem), /cert\.pem is no certificate in PEM/)
  assert.equal(await nameAt(server.url), 'second')

  let before = server.lines().length
  put('cert.pem', third.cert)
  assert.match(String((await server.line('certificate kept', before)).problem), /is not that of the certificate/)
  assert.equal(await nameAt(server.url), 'second')

  // As certbot and Kubernetes do: another file behind the same name.
  before = server.lines().length
  put('new-key.pem', third.private)
  renameSync(join(folder, 'new-key.pem'), join(folder, 'key.pem'))
  await server.line('certificate replaced', before)
  assert.equal(await nameAt(server.url), 'third')

  before = server.lines().length
  put('cert-1.pem', first.cert)
  put('key-1.pem', first.private)
  for (const name of ['cert', 'key']) {
    unlinkSync(join(folder, `${name}.pem`))
    symlinkSync(`${name}-1.pem`, join(folder, `${name}.pem`))
  }
  await server.line('certificate replaced', before)
  assert.equal(await nameAt(server.url), 'first')
  assert.equal(client.state, 'connected')
  assert.equal(await server.stop(), 0)
  assert.doesNotMatch(server.output(), /PRIVATE KEY/)
})

test('SIGHUP reads the certificate again, from other files too', async () => {
  const [first, second] = await Promise.all([pair('first'), pair('second')])
  const folder = folderWith(first)
  const server = await serve([], { folder })
  writeFileSync(join(folder, 'other.pem'), second.cert)
  writeFileSync(join(folder, 'other.key'), second.private)
  writeFileSync(
    join(folder, 'tautline.config.json'),
    JSON.stringify({ ...CONFIG, tls: { cert: 'other.pem', key: 'other.key' } }),
  )
  server.child.kill('SIGHUP')
  await server.line('configuration taken over')
  assert.equal(await nameAt(server.url), 'second')
  assert.equal(await server.stop(), 0)
})

test('TLS on a plain port, and no TLS on a TLS port, is closed without a flood of lines (O29)', async () => {
  const secure = await serve([], { folder: folderWith(await pair('first')) })
  const plain = await serve([], { folder: newFolder({ 'tautline.config.json': '{ "allow": "everyone" }' }) })
  // A ClientHello as OpenSSL begins it, and a request.
  const hello = Buffer.from('16030100c8010000c40303', 'hex')
  for (let i = 0; i < 40; i++) {
    await closedAfter(plain.url, hello)
    await closedAfter(secure.url, Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  }
  for (const server of [secure, plain]) {
    assert.equal((await fetch(`${server.monitoring}/ready`)).status, 200)
    assert.equal(await server.stop(), 0)
    assert.ok(server.lines().length < 30, server.output())
  }
})

test('a key of another certificate is refused before the server starts', async () => {
  const [first, second] = await Promise.all([pair('first'), pair('second')])
  const folder = folderWith({ cert: first.cert, private: second.private })
  const { code, output } = await run(['config', 'check'], { folder })
  assert.equal(code, 2)
  assert.match(output, /tautline\.config\.json:1:\d+ {2}tls the key .*key\.pem is not that of the certificate/)
})

function closedAfter(url: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const stream = open(Number(new URL(url).port), '127.0.0.1', () => stream.end(bytes))
    stream.on('error', () => {})
    stream.resume()
    stream.on('close', () => resolve())
  })
}

/** A WebSocket that trusts one certificate, for a client in Node. */
function trusting(ca: string): never {
  return class extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, { protocols: protocols ?? [], tls: { ca } } as never)
    }
  } as never
}
