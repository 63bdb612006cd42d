// What a client makes of frames of either codec: a message whose fields are what a table written independently says, or
// 'malformed', or a push it does not know. Nothing else is thrown, and nothing else gets through.

import assert from 'node:assert/strict'
import {
  type Codec,
  type Decoded,
  type Failure,
  jsonCodec,
  type OkByOp,
  RealtimeError,
  readOk,
  readServerMessage,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Target } from '../../target.ts'
import { JSON_WORDS, MSGPACK_WORDS } from './frames.ts'
import { decode, inTime, orMalformed, WIDE } from './judge.ts'

/** Fields as tautline.v1 writes them: `name:type`, `?` where it may be absent, `|null` where it may be null. */
const TABLE: Readonly<Record<string, string>> = {
  position: 'epoch:text offset:whole id:text',
  failure: 'code:text message:prose retry:(no,later,auth,unknown) after:span? field:text?',
  publisher: 'user:text? peer:text?',
  member: 'peer:text user:text? info:json?',
  lostness: 'why:(trimmed,epoch,diverged,limit,ephemeral,pattern) from:position? to:position|null spread:span',
  heartbeat: 'every:whole timeout:whole',
  pub: 'ch:text off:whole? id:text prev:prev? at:whole key:text? state:text? from:publisher? body',
  fence: 'ch:text from:position epoch:text loss:(none,possible)',
  sub: 'ch:text mode:(log,ephemeral,pattern) outcome:(fresh,recovered,lost) start:position|null head:position|null lost:lostness?',
  gap: 'ch:text to:position count:whole why:(conflated,dropped,filtered,unreadable)',
  lost: 'ch:text start:position|null lost:lostness',
  unsub: 'ch:text error:failure',
  members: 'ch:text rev:whole count:whole joined:member[]? left:text[]?',
  msg: 'body',
  rpc: 'call:whole seq:whole end:flag? body',
  refresh: 'within:span',
  health: 'ok:flag',
  ping: 'time:whole',
  drain: 'slot:span deadline:span url:text?',
  bye: 'code:whole reason:prose after:span?',
  'ok connect':
    'conn:text secret:text node:text time:whole user:text? expires:whole? features:text[] ping:heartbeat window:whole limits:numbers',
  'ok subscribe':
    'ch:text mode:(log,ephemeral,pattern) outcome:(fresh,recovered,lost) start:position|null head:position|null lost:lostness?',
  'ok unsubscribe': '',
  'ok publish': 'position:position|null duplicate:true?',
  'ok history': 'items:item[] start:position end:position more:flag',
  'ok presence': 'members:member[] count:whole rev:whole next:text?',
  'ok rpc': 'result',
  'ok cancel': '',
  'ok refresh': 'expires:whole?',
  'ok ping': 'time:whole',
}

const OPS = Object.keys(TABLE).flatMap((name) => (name.startsWith('ok ') ? [name.slice(3) as keyof OkByOp] : []))

type Plain = Readonly<Record<string, unknown>>

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function isBytes(value: unknown): boolean {
  return (
    value instanceof Uint8Array ||
    (typeof value === 'string' && Buffer.from(value, 'base64url').toString('base64url') === value)
  )
}

function isBody({ data, bytes }: Plain): boolean {
  return bytes === undefined ? data !== undefined : data === undefined && isBytes(bytes)
}

function isOf(type: string, value: unknown): boolean {
  if (type.endsWith('?')) return value === undefined || isOf(type.slice(0, -1), value)
  if (type.endsWith('|null')) return value === null || isOf(type.slice(0, -5), value)
  if (type.endsWith('[]')) return Array.isArray(value) && value.every((one) => isOf(type.slice(0, -2), one))
  if (type.startsWith('(')) return typeof value === 'string' && type.slice(1, -1).split(',').includes(value)
  const number = typeof value === 'number' && Number.isFinite(value)
  switch (type) {
    case 'text':
      return typeof value === 'string' && value.length <= 8192
    case 'prose':
      return typeof value === 'string'
    case 'flag':
      return value === true || value === false
    case 'true':
      return value === true
    case 'json':
      return value !== undefined
    case 'span':
      return number && value >= 0
    case 'whole':
      return number && value >= 0 && Number.isSafeInteger(value)
    case 'prev':
      return value === -1 || isOf('whole', value)
    case 'numbers':
      return isPlain(value) && Object.values(value).every((one) => typeof one === 'number' && Number.isFinite(one))
    case 'item':
      return isPlain(value) && (value['ev'] === 'pub' || value['ev'] === 'fence') && isOf(value['ev'], value)
    default:
      return isPlain(value) && hasFields(TABLE[type] as string, value)
  }
}

function hasFields(fields: string, value: Plain): boolean {
  return fields.split(' ').every((field) => {
    if (field === '') return true
    if (field === 'body') return isBody(value)
    if (field === 'result') return (value['data'] === undefined && value['bytes'] === undefined) || isBody(value)
    const [name, type] = field.split(':') as [string, string]
    return isOf(type, value[name])
  })
}

/** What readServerMessage must make of it. */
function expected({ value, bad }: Decoded): 'malformed' | 'unknown' | 'message' {
  if (!isPlain(value)) return 'malformed'
  const { ev, ok, error } = value
  if (ev !== undefined) {
    if (
      typeof ev !== 'string' ||
      !Object.hasOwn(TABLE, ev) ||
      !/^(pub|fence|sub|gap|lost|unsub|members|msg|rpc|refresh|health|ping|drain|bye)$/.test(ev)
    )
      return 'unknown'
    return bad === undefined && isOf(ev, value) ? 'message' : 'malformed'
  }
  const answer = error === undefined ? isPlain(ok) : ok === undefined && isOf('failure', error)
  return bad === undefined && answer && isOf('whole', value['id']) ? 'message' : 'malformed'
}

/** Bytes are bytes now, and fresh. */
function checkBytes({ bytes }: Plain): void {
  if (bytes !== undefined) assert.ok(bytes instanceof Uint8Array && bytes.byteLength === bytes.buffer.byteLength)
}

function checkOk(ok: unknown): void {
  for (const op of OPS) {
    const wanted = isOf(`ok ${op}`, ok)
    const read = orMalformed(() => readOk(op, structuredClone(ok)))
    assert.equal(read !== 'malformed', wanted, op)
    if (op === 'rpc' && wanted) checkBytes(read as unknown as Plain)
    if (op === 'history' && wanted)
      for (const item of (read as OkByOp['history']).items) checkBytes(item as unknown as Plain)
  }
}

function checkMessage(decoded: Decoded): void {
  const wanted = expected(decoded)
  const read = orMalformed(() => readServerMessage(decoded))
  assert.equal(read === 'malformed' ? read : read === null ? 'unknown' : 'message', wanted)
  if (read === 'malformed' || read === null) return
  const message = read as unknown as Plain & { readonly error?: Failure }
  if ('ev' in message && message['ev'] !== undefined) {
    if (['pub', 'msg', 'rpc'].includes(message['ev'] as string)) checkBytes(message)
  } else if (message['ok'] !== undefined) checkOk(message['ok'])
  if (message.error !== undefined && message['ev'] === undefined) {
    const error = RealtimeError.from(message.error)
    assert.equal(error.retry, message.error.retry)
    assert.equal(RealtimeError.from(error.toFailure()).code, error.code)
  }
}

function target(name: string, codec: Codec, dictionary: readonly Uint8Array[]): Target {
  return {
    name,
    dictionary,
    run(bytes) {
      inTime(() => {
        const decoded = decode(codec, bytes, WIDE)
        if (typeof decoded !== 'string') for (const message of decoded) checkMessage(message)
      })
    },
  }
}

export const jsonServerMessages: Target = target('json-server-messages', jsonCodec, JSON_WORDS)
export const msgpackServerMessages: Target = target('msgpack-server-messages', msgpackCodec, MSGPACK_WORDS)
