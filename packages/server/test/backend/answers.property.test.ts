import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealtimeError } from '@tautline/wire'
import fc from 'fast-check'
import { readDecision, readGrant, readPublish, readResult } from '../../src/backend/answers.ts'
import { type BackendOptions, backend } from '../../src/backend/mod.ts'
import { Trouble } from '../../src/backend/trouble.ts'
import { SettingError } from '../../src/mod.ts'
import { SECRET } from './http-backend.ts'

const KEYS = [
  'user',
  'info',
  'expires',
  'channels',
  'rights',
  'claims',
  'token',
  'allow',
  'data',
  'bytes',
  'result',
  'error',
]
const INNER = ['code', 'message', 'after', 'field', 'id', 'issued', 'channels', 'actions', '__proto__', 'x']

const inner = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.dictionary(fc.constantFrom(...INNER), fc.jsonValue({ maxDepth: 1 })),
  fc.array(fc.dictionary(fc.constantFrom(...INNER), fc.jsonValue({ maxDepth: 1 })), { maxLength: 3 }),
  fc.constantFrom('S3CRET', ['chat:*'], { code: 'forbidden' }, true, 1.5, -1, 2 ** 60, '', 'AAAA'),
)
const answer = fc.oneof(
  fc.jsonValue(),
  fc
    .dictionary(fc.constantFrom(...KEYS), inner, { maxKeys: 4 })
    .map((one) => JSON.parse(JSON.stringify(one)) as unknown),
)

test('whatever a backend answers is taken whole, or is trouble that shows no value of it', () => {
  let taken = 0
  fc.assert(
    fc.property(answer, fc.constantFrom(readGrant, readDecision, readPublish, readResult), (said, read) => {
      try {
        read(said)
        taken++
      } catch (error) {
        assert.ok(error instanceof Trouble || error instanceof RealtimeError, String(error))
        if (error instanceof Trouble) {
          assert.equal(error.kind, 'malformed')
          assert.doesNotMatch(error.message, /S3CRET/)
          assert.match(error.message, /^the answer/)
        }
      }
    }),
    { numRuns: 3_000 },
  )
  assert.ok(taken > 50, `${taken} of 3,000 were answers`)
})

test('an answer that allows is exactly one that says so', () => {
  fc.assert(
    fc.property(answer, (said) => {
      let allowed = false
      try {
        allowed = readDecision(said)
      } catch {}
      const { allow } = (said ?? {}) as { allow?: unknown }
      assert.equal(allowed, allow === true && Object.keys(said as object).length === 1)
    }),
    { numRuns: 1_000 },
  )
})

test('whatever is given as options is taken, or refused with a path', () => {
  const names = [
    'url',
    'events',
    'timeout',
    'retries',
    'concurrency',
    'queue',
    'breaker',
    'headers',
    'maxAnswer',
    'insecure',
    'log',
  ]
  const good: BackendOptions = { url: 'https://a.example', secret: SECRET, events: { connect: true } }
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.anything({ withBigInt: true }), { maxKeys: 3 }),
      (change) => {
        try {
          backend({ ...good, ...change } as BackendOptions)
        } catch (error) {
          assert.ok(error instanceof SettingError, String(error))
          assert.ok(error.path.length > 0)
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
