// @tautline/wire against every vector that the published protocol gives to independent implementations.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  base64url,
  type Codec,
  checkChannel,
  checkPattern,
  covers,
  type Decoded,
  jsonCodec,
  LIMITS,
  loadBody,
  matchesPattern,
  type Position,
  RealtimeError,
  readCommand,
  storeBody,
  unbase64url,
  WireError,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { Follower } from './follower.ts'
import { type CommandCase, type FrameCase, frameOf, plain, type ValueCase, vectors } from './vectors.ts'

const CODECS: Readonly<Record<FrameCase['codec'], Codec>> = { json: jsonCodec, msgpack: msgpackCodec }
const FRAMES = { bytes: LIMITS.frame, messages: LIMITS.messages, depth: LIMITS.depth, keys: LIMITS.keys }

describe('frames.json', () => {
  const { cases, limits, base64url: texts } = vectors('frames.json')
  for (const one of cases) {
    const codec = CODECS[one.codec]
    it(`${one.id} ${one.codec}: ${one.title}`, () => {
      let decoded: Decoded[]
      try {
        decoded = codec.decode(frameOf(one), limits)
      } catch (error) {
        assert.ok(error instanceof WireError, String(error))
        return assert.equal(error.kind, one.result)
      }
      assert.equal(one.result, 'messages')
      const values = decoded.map(({ value }) => value)
      if (one.values !== undefined) assert.deepEqual(values.map(plain), one.values)
      for (const value of values) {
        if (typeof value !== 'object' || value === null) continue
        const again = codec.decode(codec.encode(value), limits).map((next) => next.value)
        // Bytes come back as text from JSON.
        if (codec === msgpackCodec || !Object.hasOwn(value, 'bytes')) assert.deepEqual(again.map(plain), [plain(value)])
      }
    })
  }

  for (const { text, hex, why } of texts) {
    it(`base64url ${JSON.stringify(text)} ${hex === undefined ? `is refused: ${why}` : `is ${hex}`}`, () => {
      const bytes = unbase64url(text)
      if (hex === undefined) return assert.equal(bytes, null)
      assert.equal(Buffer.from(bytes as Uint8Array).toString('hex'), hex)
      assert.equal(base64url(Buffer.from(hex, 'hex')), text)
    })
  }
})

describe('chain.json', () => {
  for (const one of vectors('chain.json').cases) {
    it(`${one.id} ${one.title}`, () => {
      const follower = new Follower(one.position, one.wire, one.known, one.passed)
      for (const [i, step] of one.steps.entries()) {
        assert.equal(follower.take(step.message), step.result, `step ${i}`)
        assert.deepEqual(follower.position, step.position, `position after step ${i}`)
        assert.equal(follower.wire, step.wire, `wire epoch after step ${i}`)
      }
    })
  }
})

describe('names.json', () => {
  const { channels, patterns, matches } = vectors('names.json')
  const shown = (name: string): string => JSON.stringify(name.length > 40 ? `${name.slice(0, 37)}…` : name)
  for (const { name, valid, why } of channels) {
    it(`${shown(name)} is ${valid ? 'a channel' : `no channel: ${why}`}`, () => {
      assert.equal(checkChannel(name) === null, valid)
    })
  }
  for (const { pattern, valid, why } of patterns) {
    it(`${shown(pattern)} is ${valid ? 'a pattern' : `no pattern: ${why}`}`, () => {
      assert.equal(checkPattern(pattern) === null, valid)
    })
  }
  for (const { pattern, channel, matches: yes } of matches) {
    it(`${pattern} ${yes ? 'matches' : 'does not match'} ${channel}`, () => {
      assert.equal(matchesPattern(pattern, channel), yes)
    })
  }
})

/** What a server does with one command of the JSON codec, before it looks at rights and channels. */
function judge(one: CommandCase): { result: string; code?: string | undefined; field?: string | undefined } {
  try {
    const frame = one.command === undefined ? frameOf(one) : JSON.stringify(one.command)
    const [decoded] = jsonCodec.decode(frame, FRAMES)
    const read = readCommand(decoded as Decoded, LIMITS)
    if (read.malformed !== undefined) return { result: 'close', code: '4300' }
    if (read.error !== undefined) return { result: 'error', code: read.error.code, field: read.error.field }
    if (read.command.op === 'publish' || read.command.op === 'rpc') storeBody(read.command, LIMITS)
    return { result: 'accepted' }
  } catch (error) {
    if (error instanceof WireError) return { result: 'close', code: String(error.closeCode) }
    if (error instanceof RealtimeError) return { result: 'error', code: error.code, field: error.field }
    throw error
  }
}

describe('commands.json', () => {
  for (const one of vectors('commands.json').cases) {
    it(`${one.id} ${one.title}: ${one.close ?? one.code ?? one.result}`, () => {
      const { result, code, field } = judge(one)
      assert.equal(result, one.result)
      assert.equal(code, one.close === undefined ? one.code : String(one.close))
      if (one.field !== undefined) assert.equal(field, one.field)
    })
  }
})

describe('positions.json', () => {
  const { values, relations } = vectors('positions.json')
  for (const { value, valid, why, field } of values) {
    const text = JSON.stringify(value)
    it(`from ${text.length > 80 ? `${text.slice(0, 77)}…` : text} is ${valid ? 'accepted' : `refused: ${why}`}`, () => {
      const read = readCommand({ value: { id: 7, op: 'subscribe', ch: 'a', from: value } }, LIMITS)
      assert.equal(read.command !== undefined, valid)
      if (!valid) assert.deepEqual([read.error?.code, read.error?.field], ['bad-request', field])
    })
  }
  for (const one of relations) {
    it(`${one.id} ${one.title}`, () => {
      assert.equal(relation(one.position, one.passed, one.other), one.relation)
    })
  }
})

/** tautline.v1 §4.5. */
function relation(
  position: Position,
  passed: readonly { from: Position; epoch: string }[],
  other: Position,
): 'reached' | 'diverged' | 'ahead' {
  if (covers(position, other)) return 'reached'
  const fence = passed.find(({ from }) => from.epoch === other.epoch)
  return fence === undefined ? 'ahead' : fence.from.offset >= other.offset ? 'reached' : 'diverged'
}

/** Publishes a value and gives it as a subscriber reads it, or the code of its refusal. */
function published(codec: Codec, frame: string | Uint8Array): unknown {
  const [decoded] = codec.decode(frame, FRAMES)
  const read = readCommand(decoded as Decoded, LIMITS)
  if (read.error !== undefined) return read.error.code
  assert.ok(read.command?.op === 'publish')
  try {
    return { data: loadBody(storeBody(read.command, LIMITS)).data }
  } catch (error) {
    assert.ok(error instanceof RealtimeError, String(error))
    return error.code
  }
}

describe('numbers.json', () => {
  const { numbers, values } = vectors('numbers.json')
  const expected = (one: ValueCase, becomes: unknown): unknown =>
    one.result === 'accepted' ? { data: becomes } : 'bad-data'
  const check = (one: ValueCase, becomes: unknown): void => {
    if (one.json !== undefined) {
      const frame = `{"id":7,"op":"publish","ch":"a","key":"k","since":0,"lane":0,"data":${one.json}}`
      assert.deepEqual(published(jsonCodec, frame), expected(one, becomes))
    }
    if (one.msgpack !== undefined) {
      // The same command as a map of seven, `data` last.
      const head = '87a2696407a26f70a77075626c697368a26368a161a36b6579a16ba573696e636500a46c616e6500a464617461'
      const frame = Buffer.from(head + one.msgpack, 'hex')
      assert.deepEqual(published(msgpackCodec, frame), expected(one, becomes))
    }
  }
  for (const one of numbers) {
    const name = one.json ?? one.msgpack
    it(`the number ${name} is ${one.result === 'accepted' ? `delivered as ${one.becomes}` : 'refused'}`, () => {
      check(one, Number(one.becomes))
    })
  }
  for (const one of values) {
    it(`${one.why}: ${one.result}`, () => check(one, one.becomes))
  }
})
