// What a server understands of what a client says: every field that tautline.v1 names is checked and bounded, every
// other one is left behind. It never throws, and knows nothing of rights, rules or the state of the connection.

import type { Decoded } from './codec.ts'
import { RealtimeError } from './errors.ts'
import { Fields } from './fields.ts'
import type { Limits } from './limits.ts'
import { isMap, type Unread } from './shape.ts'
import type { Command, ConnectCommand, From, Json, Policy, Request, Sub } from './types.ts'

/**
 * A command; or the number of one that is refused, with the reason; or what shows that the peer does not speak the
 * protocol: close with 4300.
 */
export type ReadCommand =
  | { readonly command: Command; readonly id?: never; readonly error?: never; readonly malformed?: never }
  | { readonly id: number; readonly error: RealtimeError; readonly command?: never; readonly malformed?: never }
  | { readonly malformed: string; readonly command?: never; readonly id?: never; readonly error?: never }

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Room for what `Fields.body` puts in. */
type Carrying<T> = Mutable<T> & { data?: Json; bytes?: Uint8Array }

/** Longest feature, characters. */
const FEATURE = 64

function readFrom(fields: Fields, value: unknown, field: string): From {
  if (value === 'head') return 'head'
  if (isMap(value) && value['last'] !== undefined) {
    return { last: fields.clamped(value['last'], `${field}.last`, 0, fields.limits.page) }
  }
  return fields.position(value, field)
}

/** Longest queue that `{ drop }` may ask for; more is cut to it. */
const MAX_DROP = 10_000

function readPolicy(fields: Fields, value: unknown, field: string): Policy {
  if (value === 'lossless' || value === 'latest' || value === 'disconnect') return value
  if (isMap(value)) return { drop: fields.clamped(value['drop'], `${field}.drop`, 1, MAX_DROP) }
  fields.wrong(field, 'is not lossless, latest, disconnect or { drop }')
  return 'lossless'
}

/** Fills `sub` from a `subscribe` command or an entry of `resume`. */
function readSub<T extends Mutable<Sub>>(fields: Fields, message: Unread, sub: T, at: string): T {
  sub.ch = fields.pattern(message['ch'], `${at}ch`)
  sub.from = readFrom(fields, message['from'], `${at}from`)
  const { policy, token, presence, conflate, server } = message
  if (policy !== undefined) sub.policy = readPolicy(fields, policy, `${at}policy`)
  if (token !== undefined) sub.token = fields.text(token, `${at}token`, fields.limits.token)
  if (presence !== undefined) sub.presence = fields.flag(presence, `${at}presence`)
  if (conflate !== undefined) sub.conflate = fields.flag(conflate, `${at}conflate`)
  // Only an entry of `resume` can say so.
  if (server !== undefined && at !== '') sub.server = fields.flag(server, `${at}server`)
  return sub
}

function readResume(fields: Fields, value: unknown): Sub[] {
  const list = fields.list(value, 'resume', fields.limits.channels, 'limit')
  const subs: Sub[] = []
  for (let i = 0; i < list.length && fields.problem === null; i++) {
    const entry = fields.map(list[i], `resume.${i}`)
    if (entry !== null) subs.push(readSub(fields, entry, { ch: '', from: 'head' }, `resume.${i}.`))
  }
  return subs
}

function readReplaces(fields: Fields, value: unknown): { conn: string; secret: string } {
  const map = fields.map(value, 'replaces')
  return {
    conn: map === null ? '' : fields.ascii(map['conn'], 'replaces.conn', fields.limits.cursor),
    secret: map === null ? '' : fields.ascii(map['secret'], 'replaces.secret', fields.limits.cursor),
  }
}

function readConnect(fields: Fields, message: Unread, id: number): Command {
  const { token, replaces, resume } = message
  const command: { id: number } & Mutable<ConnectCommand> = {
    id,
    op: 'connect',
    client: fields.ascii(message['client'], 'client', fields.limits.key),
    features: fields
      .list(message['features'], 'features', fields.limits.features)
      .map((feature) => fields.ascii(feature, 'features', FEATURE)),
  }
  if (token !== undefined) command.token = fields.text(token, 'token', fields.limits.token)
  if (replaces !== undefined) command.replaces = readReplaces(fields, replaces)
  if (resume !== undefined) command.resume = readResume(fields, resume)
  return command
}

function readPublish(fields: Fields, message: Unread, id: number): Command {
  const command: Carrying<{ id: number; op: 'publish'; ch: string; key: string; since: number; lane: number }> & {
    state?: string
  } = {
    id,
    op: 'publish',
    ch: fields.channel(message['ch'], 'ch'),
    key: fields.ascii(message['key'], 'key', fields.limits.key),
    since: fields.whole(message['since'], 'since', 0, Number.MAX_SAFE_INTEGER),
    lane: fields.whole(message['lane'], 'lane', 0, Number.MAX_SAFE_INTEGER),
  }
  fields.body(message, command)
  const { state } = message
  if (state !== undefined) command.state = fields.text(state, 'state', fields.limits.state)
  return command as Command
}

function readHistory(fields: Fields, message: Unread, id: number): Command {
  const { after, before } = message
  if (after !== undefined && before !== undefined) fields.wrong('before', 'and after exclude each other')
  return {
    id,
    op: 'history',
    ch: fields.channel(message['ch'], 'ch'),
    ...(after === undefined ? null : { after: fields.position(after, 'after') }),
    ...(before === undefined ? null : { before: fields.position(before, 'before') }),
    limit: fields.clamped(message['limit'], 'limit', 1, fields.limits.page),
  }
}

function readPresence(fields: Fields, message: Unread, id: number): Command {
  const { page } = message
  const ch = fields.channel(message['ch'], 'ch')
  if (page === undefined) return { id, op: 'presence', ch }
  return { id, op: 'presence', ch, page: fields.ascii(page, 'page', fields.limits.cursor) }
}

function readRpc(fields: Fields, message: Unread, id: number): Command {
  const command: Carrying<{ id: number; op: 'rpc'; method: string; ms: number; stream?: boolean }> = {
    id,
    op: 'rpc',
    method: fields.ascii(message['method'], 'method', fields.limits.method),
    ms: fields.clamped(message['ms'], 'ms', 0, fields.limits.wait),
  }
  fields.body(message, command)
  const { stream } = message
  if (stream !== undefined) command.stream = fields.flag(stream, 'stream')
  return command as Command
}

/** How each command is read. The order of its checks is the order in which errors are reported. */
const READERS: { readonly [op in Request['op']]: (fields: Fields, message: Unread, id: number) => Command } = {
  connect: readConnect,
  subscribe: (fields, message, id) =>
    readSub(fields, message, { id, op: 'subscribe' as const, ch: '', from: 'head' }, ''),
  unsubscribe: (fields, message, id) => ({ id, op: 'unsubscribe', ch: fields.pattern(message['ch'], 'ch') }),
  publish: readPublish,
  history: readHistory,
  presence: readPresence,
  rpc: readRpc,
  cancel: (fields, message, id) => ({
    id,
    op: 'cancel',
    call: fields.whole(message['call'], 'call', 1, Number.MAX_SAFE_INTEGER),
  }),
  refresh: (fields, message, id) => ({
    id,
    op: 'refresh',
    token: fields.text(message['token'], 'token', fields.limits.token),
  }),
  ping: (_fields, _message, id) => ({ id, op: 'ping' }),
  pong: (fields, _message, id) => {
    if (id !== 0) fields.wrong('id', 'of a pong is 0')
    return { id, op: 'pong' }
  },
}

const READER_OF: ReadonlyMap<string, (fields: Fields, message: Unread, id: number) => Command> = new Map(
  Object.entries(READERS),
)

/**
 * Reads one decoded message as a command (`tautline.v1 §3.2`). A body is not judged yet: `storeBody` does.
 *
 * @returns `command`, without unknown fields, all texts bounded, `limit`, `last`, `drop` and `ms` cut to what is allowed
 */
export function readCommand(decoded: Decoded, limits: Limits): ReadCommand {
  const message = decoded.value
  if (!isMap(message)) return { malformed: 'a command is a map' }
  const { id, op } = message
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
    return { malformed: 'the id of a command is a whole number from 1 on' }
  }
  if (id === 0 && op !== 'pong') return { malformed: 'only a pong has the id 0' }
  const fields = new Fields(limits)
  const reader = typeof op === 'string' ? READER_OF.get(op) : undefined
  if (reader === undefined) {
    const error =
      typeof op === 'string'
        ? new RealtimeError('unsupported', 'this server has no such command', { field: 'op' })
        : new RealtimeError('bad-request', 'op is not text', { field: 'op' })
    return { id, error }
  }
  const command = reader(fields, message, id)
  const { problem } = fields
  if (problem !== null) {
    return { id, error: new RealtimeError(problem.code, `${problem.field} ${problem.text}`, { field: problem.field }) }
  }
  if (decoded.bad !== undefined) return { id, error: new RealtimeError('bad-data', `it holds ${decoded.bad}`) }
  return { command }
}
