import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { certificate, later, portOf, serve } from './open.ts'

const pair = certificate()

test('a client that rejects the certificate leaves nothing open: close() resolves', {
  skip: typeof pair === 'string' ? pair : false,
}, async () => {
  assert.ok(typeof pair !== 'string')
  const server = await serve({ port: 0, tls: pair, handshakeTimeout: 60_000 })
  const failure = await new Promise<Error>((resolve) => {
    const client = tlsConnect({ port: portOf(server), host: '127.0.0.1' })
    later(() => client.destroy())
    client.once('error', resolve)
  })
  assert.match(failure.message, /self-signed/)
  await server.close()
})
