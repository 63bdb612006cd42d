import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Codec, Decoded } from '../src/codec.ts'
import { jsonCodec } from '../src/json/codec.ts'
import { frameLimits, LIMITS, SERVER_FRAME_LIMITS } from '../src/limits.ts'
import { loadBody, readCommand, readOk, readServerMessage, storeBody, utf8Length, WireError } from '../src/mod.ts'
import { msgpackCodec } from '../src/msgpack/mod.ts'
import type { OkByOp, Publication } from '../src/types.ts'
import { countUtf8 } from '../src/utf8.ts'
import { body, channel, command, failure, id, json, ok, push } from './arbitraries.ts'

const limits = frameLimits(LIMITS)

/** Node's assert tells objects without prototype, and -0, from others; fast-check makes both, and JSON has no -0. */
function plain(value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, plain(of)]))
}

function only(decoded: Decoded[]): Decoded {
  assert.equal(decoded.length, 1)
  return decoded[0]!
}

for (const codec of [jsonCodec, msgpackCodec] as Codec[]) {
  test(`${codec.name}: a command that was written is read as the same command`, () => {
    fc.assert(
      fc.property(command, (message) => {
        const read = readCommand(only(codec.decode(codec.encode(message), limits)), LIMITS)
        assert.deepEqual(plain(read), plain({ command: message }))
      }),
    )
  })

  test(`${codec.name}: a push that was written is read as the same push`, () => {
    fc.assert(
      fc.property(push, (message) => {
        const read = readServerMessage(only(codec.decode(codec.encode(message), SERVER_FRAME_LIMITS)))
        assert.deepEqual(plain(read), plain(message))
      }),
    )
  })

  for (const op of Object.keys(ok) as (keyof OkByOp)[]) {
    test(`${codec.name}: what a ${op} is answered with is read as it was written`, () => {
      fc.assert(
        fc.property(id, ok[op] as fc.Arbitrary<OkByOp[typeof op]>, (number, answer) => {
          const frame = codec.encode({ id: number, ok: answer })
          const reply = readServerMessage(only(codec.decode(frame, SERVER_FRAME_LIMITS)))
          assert.ok(reply !== null && !('ev' in reply))
          assert.equal(reply.id, number)
          assert.deepEqual(plain(readOk(op, reply.ok)), plain(answer))
        }),
        { numRuns: 50 },
      )
    })
  }

  test(`${codec.name}: a refusal is read as it was written`, () => {
    fc.assert(
      fc.property(id, failure, (number, error) => {
        const frame = codec.encode({ id: number, error })
        const reply = readServerMessage(only(codec.decode(frame, SERVER_FRAME_LIMITS)))
        assert.deepEqual(plain(reply), plain({ id: number, error }))
      }),
    )
  })

  test(`${codec.name}: a publication from its stored form is the one that encode writes`, () => {
    const stored = fc.tuple(channel, body, fc.nat(), fc.boolean())
    fc.assert(
      fc.property(stored, ([ch, content, off, more]) => {
        const fields = {
          off,
          id: 'w.1',
          at: 17,
          ...(more ? { prev: off - 1, key: 'k"', state: 'ü"\n', from: { user: 'ä"', peer: 'p' } } : null),
        }
        const frame = codec.publication(ch, { ...fields, body: storeBody(content, LIMITS) })
        const read = readServerMessage(only(codec.decode(frame, SERVER_FRAME_LIMITS)))
        assert.deepEqual(plain(read), plain({ ev: 'pub', ch, ...fields, ...content }))
        const again = codec.encode(read as Publication)
        assert.equal(codec.size(again), codec.size(frame))
      }),
    )
  })

  test(`${codec.name}: messages joined are the messages one by one`, () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 8 }), (messages) => {
        const parts = messages.map((message) => codec.encode(message))
        const joined = codec.join(parts)
        const between = codec.name === 'json' ? parts.length - 1 : 0
        assert.equal(
          codec.size(joined),
          parts.reduce((sum, part) => sum + codec.size(part), between),
        )
        const read = codec.decode(joined, limits).map((decoded) => readCommand(decoded, LIMITS).command)
        assert.deepEqual(plain(read), plain(messages))
      }),
    )
  })
}

test('any text is read, or refused with a WireError, and the readers throw nothing else', () => {
  const jsonish = fc.string({ unit: fc.constantFrom(...'{}[]",:\\-+.0123456789eEtrufalsn \n\ud800é"'), maxLength: 60 })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), jsonish, fc.json()), (text) => {
      readAll(jsonCodec, text)
    }),
    { numRuns: 2000 },
  )
})

test('any bytes are read, or refused with a WireError, and the readers throw nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAll(msgpackCodec, bytes)
      readAll(jsonCodec, bytes)
    }),
    { numRuns: 2000 },
  )
})

test('a message with any value in any field is read or refused, never thrown at', () => {
  const strange = fc.oneof(
    json,
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NaN, -1, 2 ** 53, 1.5),
  )
  const wild = fc.tuple(fc.oneof(command, push), fc.nat(20), strange).map(([message, at, value]) => {
    const keys = Object.keys(message).filter((key) => key !== 'op' && key !== 'ev')
    const key = keys[at % Math.max(1, keys.length)]
    return key === undefined ? message : { ...message, [key]: value }
  })
  fc.assert(
    fc.property(wild, (message) => {
      for (const codec of [jsonCodec, msgpackCodec]) readAll(codec, codec.encode(message))
      readCommand({ value: message }, LIMITS)
    }),
    { numRuns: 3000 },
  )
})

function readAll(codec: Codec, frame: string | Uint8Array): void {
  try {
    for (const decoded of codec.decode(frame, limits)) {
      readCommand(decoded, LIMITS)
      try {
        const message = readServerMessage(decoded)
        if (message !== null && !('ev' in message)) {
          for (const op of Object.keys(ok) as (keyof OkByOp)[]) readOk(op, message.ok)
        }
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
  }
}

test('both codecs read the same values from the same messages', () => {
  fc.assert(
    fc.property(json, (data) => {
      const fromJson = only(jsonCodec.decode(jsonCodec.encode({ data }), SERVER_FRAME_LIMITS))
      const fromPack = only(msgpackCodec.decode(msgpackCodec.encode({ data }), SERVER_FRAME_LIMITS))
      assert.deepEqual(plain(fromPack), plain(fromJson))
    }),
  )
})

test('a body that is stored and loaded is the same', () => {
  fc.assert(
    fc.property(body, (content) => {
      assert.deepEqual(plain(loadBody(storeBody(content, LIMITS))), plain(content))
    }),
  )
})

test('the length in UTF-8 is that of the encoded text, counted natively or not', () => {
  const encoded = (text: string): number => new TextEncoder().encode(text).length
  const halves = '\ud800a\udc00\ud83d\ude00'
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', 'é', '€', '\ud83d', '\ude00') }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      assert.deepEqual([utf8Length(text), countUtf8(text)], [encoded(text), encoded(text)])
    }),
    { examples: [[halves], ['']] },
  )
})
