// Frames of both codecs as a server hears them: refused as documented, or messages within the limits, each of which is a
// command, an error of the table, or a reason to close. What was understood means the same in the other codec.

import assert from 'node:assert/strict'
import {
  type Body,
  type Codec,
  type Command,
  type Decoded,
  frameLimits,
  jsonCodec,
  loadBody,
  RealtimeError,
  readCommand,
  readServerMessage,
  type StoredBody,
  storeBody,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { type Target, words } from '../../target.ts'
import { decode, inTime, isHarmless, SMALL, WIDE } from './judge.ts'

const LIMITS = frameLimits(SMALL)
const CODES = ['bad-request', 'bad-data', 'unsupported', 'limit']

/** Levels and keys of a JSON text, valid or not, by throwing its strings away first. */
function measure(text: string): { depth: number; keys: number } {
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)/gs, '')
  let level = 0
  let depth = 0
  for (const character of bare) {
    if ('[{'.includes(character)) depth = Math.max(depth, ++level)
    else if (']}'.includes(character)) level--
  }
  return { depth, keys: bare.split(':').length - 1 }
}

function parse(line: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(line) }
  } catch {
    return null
  }
}

/** What JSON.parse makes of the lines, and whether a limit may have been in the way. */
function checkJson(bytes: Uint8Array, decoded: Decoded[] | string): void {
  const text = Buffer.from(bytes).toString('utf8')
  const lines = text.split('\n')
  const isUtf8 = Buffer.from(text).equals(bytes)
  const over =
    bytes.length > LIMITS.bytes ||
    lines.length > LIMITS.messages ||
    lines.some((line) => measure(line).depth > LIMITS.depth || measure(line).keys > LIMITS.keys)
  const values = lines.map(parse)
  if (typeof decoded !== 'string') {
    assert.ok(isUtf8 && !over)
    assert.deepEqual(
      decoded.map(({ value }) => ({ value })),
      values,
    )
  } else if (decoded === 'too-large') assert.ok(over || values.includes(null))
  else assert.ok(!isUtf8 || values.includes(null))
}

/** Does the value hold what no message may hold? Bytes are MessagePack's. No key of a peer's reaches a prototype. */
function isBad(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false
  assert.equal(Object.getPrototypeOf(value), Array.isArray(value) ? Array.prototype : Object.prototype)
  return Object.values(value).some(isBad)
}

/** The stored form of a body, checked both ways; null where it is refused. */
function stored(body: Body): StoredBody | null {
  try {
    const of = storeBody(body, SMALL)
    assert.deepEqual(storeBody(loadBody(of), SMALL), of)
    return of
  } catch (error) {
    assert.ok(error instanceof RealtimeError && ['bad-data', 'too-large'].includes(error.code), String(error))
    assert.ok(isHarmless(error.message) && ['data', 'bytes'].includes(error.field ?? ''))
    return null
  }
}

/** A publication reaches a client as what was stored. */
function checkPublication(codec: Codec, channel: string, key: string, body: StoredBody): void {
  const [decoded] = codec.decode(codec.publication(channel, { off: 1, id: 'w.1', at: 5, key, body }), WIDE)
  const expected = { ev: 'pub', ch: channel, off: 1, id: 'w.1', at: 5, key, ...loadBody(body) }
  assert.deepEqual(readServerMessage(decoded as Decoded), expected)
}

/** Bounds of what may be in a command: characters of a text, or the range of a number. */
const BOUNDS: Readonly<Record<string, number | readonly [number, number]>> = {
  op: 11,
  ch: SMALL.name,
  token: SMALL.token,
  client: SMALL.key,
  features: 64,
  conn: SMALL.cursor,
  secret: SMALL.cursor,
  page: SMALL.cursor,
  from: 4,
  epoch: SMALL.epoch,
  policy: 10,
  key: SMALL.key,
  state: SMALL.state,
  method: SMALL.method,
  lane: [0, Number.MAX_SAFE_INTEGER],
  since: [0, Number.MAX_SAFE_INTEGER],
  offset: [0, Number.MAX_SAFE_INTEGER],
  call: [1, Number.MAX_SAFE_INTEGER],
  limit: [1, SMALL.page],
  last: [0, SMALL.page],
  drop: [1, 10_000],
  ms: [0, SMALL.wait],
}

/** Every field is one of the table and within its bounds: unknown ones were left behind. */
function checkFields(value: unknown, name: string, within: string): void {
  if (Array.isArray(value)) {
    assert.ok(value.length <= (name === 'features' ? SMALL.features : SMALL.channels), name)
    for (const one of value) checkFields(one, name, within)
  } else if (typeof value === 'object' && value !== null) {
    for (const [inner, of] of Object.entries(value)) {
      if (name !== '' || !['data', 'bytes'].includes(inner)) checkFields(of, inner, name)
    }
  } else if (typeof value === 'boolean') assert.match(name, /^(presence|conflate|server|stream)$/)
  else {
    const bound = name !== 'id' ? BOUNDS[name] : within === '' ? ([0, Number.MAX_SAFE_INTEGER] as const) : SMALL.key
    assert.ok(bound !== undefined, `there is no field ${name}`)
    if (typeof bound === 'number') assert.ok(typeof value === 'string' && Buffer.byteLength(value) <= bound, name)
    else assert.ok(Number.isSafeInteger(value) && (value as number) >= bound[0] && (value as number) <= bound[1], name)
  }
}

/** What was read is the same again after a way through either codec. */
function checkCommand(command: Command): void {
  checkFields(command, '', '')
  let sent: Command = command
  if (command.op === 'publish' || command.op === 'rpc') {
    const body = stored(command)
    if (body === null) return
    const { data: _data, bytes: _bytes, ...rest } = command
    sent = { ...rest, ...loadBody(body) } as Command
    if (command.op === 'publish') {
      for (const codec of [jsonCodec, msgpackCodec]) checkPublication(codec, command.ch, command.key, body)
    }
  }
  for (const codec of [jsonCodec, msgpackCodec]) {
    const [decoded] = codec.decode(codec.encode(sent), WIDE)
    assert.deepEqual(readCommand(decoded as Decoded, SMALL), { command: sent })
  }
}

function checkMessage(decoded: Decoded): void {
  assert.ok(decoded.bad === undefined ? !isBad(decoded.value) : isHarmless(decoded.bad))
  const read = readCommand(decoded, SMALL)
  if (read.malformed !== undefined) assert.ok(isHarmless(read.malformed))
  else if (read.error !== undefined) {
    assert.ok(Number.isSafeInteger(read.id) && read.id >= 0)
    assert.ok(CODES.includes(read.error.code), read.error.code)
    assert.ok(isHarmless(read.error.message), read.error.message)
  } else checkCommand(read.command)
}

function target(name: string, codec: Codec, dictionary: readonly Uint8Array[]): Target {
  return {
    name,
    dictionary,
    run(bytes) {
      const decoded = inTime(() => decode(codec, bytes, LIMITS))
      if (codec === jsonCodec) checkJson(bytes, decoded)
      if (typeof decoded === 'string') return
      assert.ok(decoded.length > 0 && decoded.length <= LIMITS.messages)
      inTime(() => {
        for (const message of decoded) checkMessage(message)
      })
    },
  }
}

export const JSON_WORDS: readonly Uint8Array[] = words(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    ',',
    '\n',
    ' ',
    '\0',
    '-',
    '-1',
    '0',
    '1.5',
    '1e400',
    '-0',
    '9007199254740993',
  ],
  ...['null', 'true', 'false', '{}', '[]', '""', '[[[[[[[[', '"__proto__":', '"constructor":', '\\ud800', '\\u0000'],
  ...['\xff', '\xc3\xa9', '\xf0\x9f\x98\x80', '"id":1,', '"op":"publish",', '"ch":"a:*"', '"data":1', '"bytes":"QUI"'],
  ...['"from":"head"', '"from":{"last":5}', '"policy":{"drop":3}', '"position":null', '"ev":"pub",', '"offset":2'],
)

/** One of each type of MessagePack, and what is in commands. */
export const MSGPACK_WORDS: readonly Uint8Array[] = [
  ...[
    '80',
    '81',
    'de0001',
    'df00000001',
    '90',
    'dc0001',
    'dd7fffffff',
    'c0',
    'c1',
    'c2',
    'c3',
    'c403010203',
    'c50001ff',
  ],
  ...[
    'c600000001ff',
    'c70100ff',
    'd6ff00000000',
    'ca7fc00000',
    'cb7ff0000000000000',
    'cb3ff8000000000000',
    'ccff',
    'cdffff',
  ],
  ...[
    'ceffffffff',
    'cfffffffffffffffff',
    'cf0020000000000000',
    'd0ff',
    'd1ffff',
    'd2ffffffff',
    'd3ffe0000000000000',
    'ff',
  ],
  ...['a0', 'a161', 'a2c3a9', 'a1ff', 'd90161', 'da000161', 'db0000000161', 'a26964', 'a26f70', 'a26368', 'a464617461'],
  ...['a56279746573', 'a466726f6d', 'a95f5f70726f746f5f5f', '9191919191919191'],
].map((hex) => Buffer.from(hex, 'hex'))

export const jsonFrames: Target = target('json-frames', jsonCodec, JSON_WORDS)
export const msgpackFrames: Target = target('msgpack-frames', msgpackCodec, MSGPACK_WORDS)
