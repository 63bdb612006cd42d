import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { test } from 'node:test'
import { createServer, NodePlatform, type ServerOptions } from '../../src/mod.ts'

/** What TypeScript would not let pass, and JavaScript does. */
const WRONG: readonly (readonly [option: string, options: unknown, message: RegExp])[] = [
  ['no way to get connections', {}, /exactly one of/],
  ['port out of range', { port: 70_000 }, /port must be an integer from 0 to 65535/],
  ['a string for origins, which would be searched', { origins: 'https://app.example.com' }, /origins must be/],
  ['an origin with a path', { origins: ['https://a.example/'] }, /without path/],
  ['a wildcard origin', { origins: ['*'] }, /without path or wildcard/],
  ['a string for subprotocols', { subprotocols: 'chat' }, /subprotocols must be a list/],
  ['a subprotocol that is no token', { subprotocols: ['a b'] }, /subprotocols must be a list/],
  ['a window of 7', { compression: { serverMaxWindowBits: 7 } }, /serverMaxWindowBits must be an integer from 8/],
  ['a window of 16', { compression: { clientMaxWindowBits: 16 } }, /clientMaxWindowBits must be an integer from 8/],
  ['an effort of 44', { compression: { level: 44 } }, /level must be an integer from 0 to 9/],
  ['compression null', { compression: null }, /compression must be/],
  ['an unknown policy', { slowConsumer: 'x' }, /slowConsumer must be one of 'close', 'drop'/],
  ['an unknown form of text', { textAs: 'y' }, /textAs must be one of/],
  ['heartbeat true', { heartbeat: true }, /heartbeat must be false or an object/],
  ['a relative path', { path: 'chat' }, /path must be a string that begins with/],
  ['authorize that is no function', { authorize: 5 }, /authorize must be a function/],
  ['an endless head', { maxHeadBytes: Number.POSITIVE_INFINITY }, /maxHeadBytes must be an integer from 1/],
  ['no header fields', { maxHeaders: 0 }, /maxHeaders must be an integer from 1/],
  ['a number that is a string', { maxPayload: '5' }, /maxPayload must be a number/],
]

for (const [title, options, message] of WRONG) {
  test(`createServer refuses ${title} and names the option`, () => {
    const whole = { ...(title.startsWith('no way') ? {} : { port: 0 }), ...(options as object) }
    assert.throws(() => createServer(whole as ServerOptions, () => undefined), message)
  })
}

test('createServer refuses a server that is none, and no callback', () => {
  assert.throws(() => createServer({ server: 5 as never }, () => undefined), /server must be a server/)
  assert.throws(() => createServer({ server: createHttpServer() }, undefined as never), /needs a function/)
})

test('a platform refuses an effort that zlib does not know', () => {
  assert.throws(() => new NodePlatform({ memLevel: 0 }), /memLevel must be an integer from 1 to 9/)
})
