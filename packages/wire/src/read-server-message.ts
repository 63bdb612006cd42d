// What a client understands of what a server says: every field that tautline.v1 names is checked, every other one is
// left behind, and a push that this version does not know is none. Bytes come out as bytes, whatever the codec.

import type { Decoded } from './codec.ts'
import { WireError } from './errors.ts'
import { Fields, isMap, type Unread } from './fields.ts'
import {
  done,
  isPresent,
  MAX,
  type Mutable,
  nullable,
  oneOf,
  type Reader,
  readFailure,
  readFence,
  readLost,
  readMember,
  readPublication,
  readSubscribed,
  subscribed,
  TEXT,
  TRUSTED,
} from './server-fields.ts'
import type { ByePush, DrainPush, Json, MembersPush, Push, Reply, ServerMessage } from './types.ts'

function readMembersPush(fields: Fields, message: Unread): MembersPush {
  const { joined, left } = message
  const push: Mutable<MembersPush> = {
    ev: 'members',
    ch: fields.channel(message['ch'], 'ch'),
    rev: fields.whole(message['rev'], 'rev', 0, MAX),
    count: fields.whole(message['count'], 'count', 0, MAX),
  }
  if (joined !== undefined) push.joined = fields.list(joined, 'joined', MAX).map((member) => readMember(fields, member))
  if (left !== undefined) push.left = fields.list(left, 'left', MAX).map((peer) => fields.text(peer, 'left', TEXT))
  return push
}

function readRpcPush(fields: Fields, message: Unread): Push {
  const push: { ev: 'rpc'; call: number; seq: number; end?: boolean; data?: Json; bytes?: Uint8Array } = {
    ev: 'rpc',
    call: fields.whole(message['call'], 'call', 1, MAX),
    seq: fields.whole(message['seq'], 'seq', 0, MAX),
  }
  if (isPresent(message['end'])) push.end = fields.flag(message['end'], 'end')
  fields.body(message, push)
  return push as Push
}

function readMsg(fields: Fields, message: Unread): Push {
  const push: { ev: 'msg'; data?: Json; bytes?: Uint8Array } = { ev: 'msg' }
  fields.body(message, push)
  return push as Push
}

function readDrain(fields: Fields, message: Unread): DrainPush {
  const push: Mutable<DrainPush> = {
    ev: 'drain',
    slot: fields.clamped(message['slot'], 'slot', 0, MAX),
    deadline: fields.clamped(message['deadline'], 'deadline', 0, MAX),
  }
  if (isPresent(message['url'])) push.url = fields.text(message['url'], 'url', TEXT)
  return push
}

function readBye(fields: Fields, message: Unread): ByePush {
  const push: Mutable<ByePush> = {
    ev: 'bye',
    code: fields.whole(message['code'], 'code', 1000, 4999),
    reason: typeof message['reason'] === 'string' ? message['reason'].slice(0, TEXT) : '',
  }
  if (isPresent(message['after'])) push.after = fields.clamped(message['after'], 'after', 0, MAX)
  return push
}

/** How each push is read. */
const PUSHES: { readonly [ev in Push['ev']]: Reader<Push> } = {
  pub: readPublication,
  fence: readFence,
  sub: (fields, message) => readSubscribed(fields, message, { ev: 'sub' as const, ...subscribed() }),
  gap: (fields, message) => ({
    ev: 'gap',
    ch: fields.channel(message['ch'], 'ch'),
    to: fields.position(message['to'], 'to'),
    count: fields.whole(message['count'], 'count', 0, MAX),
    why: oneOf(fields, message['why'], 'why', ['conflated', 'dropped', 'filtered', 'unreadable']),
  }),
  lost: (fields, message) => ({
    ev: 'lost',
    ch: fields.pattern(message['ch'], 'ch'),
    start: nullable(fields, message['start'], 'start'),
    lost: readLost(fields, message['lost']),
  }),
  unsub: (fields, message) => ({
    ev: 'unsub',
    ch: fields.pattern(message['ch'], 'ch'),
    error: readFailure(fields, message['error']),
  }),
  members: readMembersPush,
  msg: readMsg,
  rpc: readRpcPush,
  refresh: (fields, message) => ({ ev: 'refresh', within: fields.clamped(message['within'], 'within', 0, MAX) }),
  health: (fields, message) => ({ ev: 'health', ok: fields.flag(message['ok'], 'ok') }),
  ping: (fields, message) => ({ ev: 'ping', time: fields.whole(message['time'], 'time', 0, MAX) }),
  drain: readDrain,
  bye: readBye,
}

const PUSH_OF: ReadonlyMap<string, Reader<Push>> = new Map(Object.entries(PUSHES))

function readReply(message: Unread): Reply {
  const fields = new Fields(TRUSTED)
  const id = fields.whole(message['id'], 'id', 1, MAX)
  if (message['error'] !== undefined) return done(fields, 'reply', { id, error: readFailure(fields, message['error']) })
  // Not read yet: readOk does it.
  return done(fields, 'reply', { id, ok: (fields.map(message['ok'], 'ok') ?? {}) as Record<string, never> })
}

/**
 * Reads one decoded message of a server. The `ok` of a reply is handed on as it came: `readOk` reads it by its `op`.
 *
 * @returns null for a push that this version does not know: to be ignored
 * @throws WireError `malformed`: the server does not speak the protocol
 */
export function readServerMessage(decoded: Decoded): ServerMessage | null {
  const message = decoded.value
  if (!isMap(message)) throw new WireError('malformed', 'a message is a map')
  const { ev } = message
  if (ev === undefined) {
    if (decoded.bad !== undefined) throw new WireError('malformed', `a reply holds ${decoded.bad}`)
    return readReply(message)
  }
  const reader = typeof ev === 'string' ? PUSH_OF.get(ev) : undefined
  if (reader === undefined) return null
  if (decoded.bad !== undefined) throw new WireError('malformed', `${ev} holds ${decoded.bad}`)
  const fields = new Fields(TRUSTED)
  return done(fields, ev as string, reader(fields, message))
}
