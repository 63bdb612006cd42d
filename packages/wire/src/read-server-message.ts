// What a client understands of what a server says: every field that tautline.v1 names is checked, every other one is
// left behind, and a push that this version does not know is none. Bytes come out as bytes, whatever the codec.

import type { Decoded } from './codec.ts'
import { WireError } from './errors.ts'
import { Fields, isMap, type Unread } from './fields.ts'
import { LIMITS, type Limits } from './limits.ts'
import type {
  ByePush,
  Connected,
  DrainPush,
  Failure,
  Fence,
  HistoryPage,
  Json,
  Lost,
  Member,
  MembersPage,
  MembersPush,
  OkByOp,
  Position,
  Publication,
  Published,
  Publisher,
  Push,
  Reply,
  ServerMessage,
  Subscribed,
} from './types.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Reader<T> = (fields: Fields, message: Unread) => T

/** A server is no enemy, but a bug of one must not become one of the application. */
const TRUSTED: Limits = Object.freeze({ ...LIMITS, key: 256, state: 65_536, page: 65_536, channels: 65_536 })
const MAX = Number.MAX_SAFE_INTEGER
const TEXT = 4096

function oneOf<T extends string>(fields: Fields, value: unknown, field: string, values: readonly T[]): T {
  if (!values.includes(value as T)) fields.wrong(field, 'is none of those known')
  return value as T
}

function isPresent(value: unknown): boolean {
  return value !== undefined
}

function nullable(fields: Fields, value: unknown, field: string): Position | null {
  return value === null ? null : fields.position(value, field)
}

function readFailure(fields: Fields, value: unknown): Failure {
  const map = fields.map(value, 'error') ?? {}
  const failure: Mutable<Failure> = {
    code: fields.text(map['code'], 'error.code', 64),
    message: typeof map['message'] === 'string' ? map['message'].slice(0, TEXT) : '',
    retry: oneOf(fields, map['retry'], 'error.retry', ['no', 'later', 'auth', 'unknown']),
  }
  if (isPresent(map['after'])) failure.after = fields.clamped(map['after'], 'error.after', 0, MAX)
  if (isPresent(map['field'])) failure.field = fields.text(map['field'], 'error.field', TEXT)
  return failure
}

function readPublisher(fields: Fields, value: unknown): Publisher {
  const map = fields.map(value, 'from') ?? {}
  const from: Mutable<Publisher> = {}
  if (isPresent(map['user'])) from.user = fields.text(map['user'], 'from.user', TEXT)
  if (isPresent(map['peer'])) from.peer = fields.text(map['peer'], 'from.peer', TEXT)
  return from
}

function readPublication(fields: Fields, message: Unread): Publication {
  const { off, prev, key, state, from } = message
  const out: Mutable<Omit<Publication, 'data' | 'bytes'>> & { data?: Json; bytes?: Uint8Array } = {
    ev: 'pub',
    ch: fields.channel(message['ch'], 'ch'),
    id: fields.ascii(message['id'], 'id', fields.limits.key),
    at: fields.whole(message['at'], 'at', 0, MAX),
  }
  if (off !== undefined) out.off = fields.whole(off, 'off', 0, MAX)
  if (prev !== undefined) out.prev = fields.whole(prev, 'prev', -1, MAX)
  if (key !== undefined) out.key = fields.text(key, 'key', fields.limits.key)
  if (state !== undefined) out.state = fields.text(state, 'state', fields.limits.state)
  if (from !== undefined) out.from = readPublisher(fields, from)
  fields.body(message, out)
  return out as Publication
}

function readFence(fields: Fields, message: Unread): Fence {
  return {
    ev: 'fence',
    ch: fields.channel(message['ch'], 'ch'),
    from: fields.position(message['from'], 'from'),
    epoch: fields.ascii(message['epoch'], 'epoch', fields.limits.epoch),
    loss: oneOf(fields, message['loss'], 'loss', ['none', 'possible']),
  }
}

function readLost(fields: Fields, value: unknown): Lost {
  const map = fields.map(value, 'lost') ?? {}
  const lost: Mutable<Lost> = {
    why: oneOf(fields, map['why'], 'lost.why', ['trimmed', 'epoch', 'diverged', 'limit', 'ephemeral', 'pattern']),
    to: nullable(fields, map['to'], 'lost.to'),
    spread: fields.clamped(map['spread'], 'lost.spread', 0, MAX),
  }
  if (isPresent(map['from'])) lost.from = fields.position(map['from'], 'lost.from')
  return lost
}

function readSubscribed<T extends Mutable<Subscribed>>(fields: Fields, message: Unread, into: T): T {
  into.ch = fields.pattern(message['ch'], 'ch')
  into.mode = oneOf(fields, message['mode'], 'mode', ['log', 'ephemeral', 'pattern'])
  into.outcome = oneOf(fields, message['outcome'], 'outcome', ['fresh', 'recovered', 'lost'])
  into.start = nullable(fields, message['start'], 'start')
  into.head = nullable(fields, message['head'], 'head')
  if (isPresent(message['lost'])) into.lost = readLost(fields, message['lost'])
  return into
}

function subscribed(): Mutable<Subscribed> {
  return { ch: '', mode: 'log', outcome: 'fresh', start: null, head: null }
}

function readMember(fields: Fields, value: unknown): Member {
  const map = fields.map(value, 'member') ?? {}
  const member: Mutable<Member> = { peer: fields.text(map['peer'], 'member.peer', TEXT) }
  if (isPresent(map['user'])) member.user = fields.text(map['user'], 'member.user', TEXT)
  if (isPresent(map['info'])) member.info = map['info'] as Json
  return member
}

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

function readConnected(fields: Fields, ok: Unread): Connected {
  const ping = fields.map(ok['ping'], 'ping') ?? {}
  const limits = Object.entries(fields.map(ok['limits'], 'limits') ?? {}).filter(([, of]) => typeof of === 'number')
  const connected: Mutable<Connected> = {
    conn: fields.text(ok['conn'], 'conn', TEXT),
    secret: fields.text(ok['secret'], 'secret', TEXT),
    node: fields.text(ok['node'], 'node', TEXT),
    time: fields.whole(ok['time'], 'time', 0, MAX),
    features: fields.list(ok['features'], 'features', TEXT).map((of) => fields.text(of, 'features', TEXT)),
    ping: {
      every: fields.whole(ping['every'], 'ping.every', 1, MAX),
      timeout: fields.whole(ping['timeout'], 'ping.timeout', 1, MAX),
    },
    window: fields.whole(ok['window'], 'window', 0, MAX),
    limits: Object.fromEntries(limits) as Record<string, number>,
  }
  if (isPresent(ok['user'])) connected.user = fields.text(ok['user'], 'user', TEXT)
  if (isPresent(ok['expires'])) connected.expires = fields.whole(ok['expires'], 'expires', 0, MAX)
  return connected
}

function readPublished(fields: Fields, ok: Unread): Published {
  const position = nullable(fields, ok['position'], 'position')
  return ok['duplicate'] === true ? { position, duplicate: true } : { position }
}

function readItem(fields: Fields, value: unknown): Publication | Fence {
  const item = fields.map(value, 'items') ?? {}
  return item['ev'] === 'fence' ? readFence(fields, item) : readPublication(fields, item)
}

function readHistoryPage(fields: Fields, ok: Unread): HistoryPage {
  return {
    items: fields.list(ok['items'], 'items', TRUSTED.page).map((item) => readItem(fields, item)),
    start: fields.position(ok['start'], 'start'),
    end: fields.position(ok['end'], 'end'),
    more: fields.flag(ok['more'], 'more'),
  }
}

function readMembersPage(fields: Fields, ok: Unread): MembersPage {
  const page: Mutable<MembersPage> = {
    members: fields.list(ok['members'], 'members', TRUSTED.page).map((member) => readMember(fields, member)),
    count: fields.whole(ok['count'], 'count', 0, MAX),
    rev: fields.whole(ok['rev'], 'rev', 0, MAX),
  }
  if (isPresent(ok['next'])) page.next = fields.text(ok['next'], 'next', TEXT)
  return page
}

function readResult(fields: Fields, ok: Unread): OkByOp['rpc'] {
  const result: { data?: Json; bytes?: Uint8Array } = {}
  if (isPresent(ok['data']) || isPresent(ok['bytes'])) fields.body(ok, result)
  return result as OkByOp['rpc']
}

/** How each `ok` is read: by the `op` that it answers. */
const OKS: { readonly [op in keyof OkByOp]: Reader<OkByOp[op]> } = {
  connect: readConnected,
  subscribe: (fields, ok) => readSubscribed(fields, ok, subscribed()),
  unsubscribe: () => ({}),
  publish: readPublished,
  history: readHistoryPage,
  presence: readMembersPage,
  rpc: readResult,
  cancel: () => ({}),
  refresh: (fields, ok) =>
    isPresent(ok['expires']) ? { expires: fields.whole(ok['expires'], 'expires', 0, MAX) } : {},
  ping: (fields, ok) => ({ time: fields.whole(ok['time'], 'time', 0, MAX) }),
}

function done<T>(fields: Fields, of: string, value: T): T {
  if (fields.problem === null) return value
  throw new WireError('malformed', `${of}: ${fields.problem.field} ${fields.problem.text}`)
}

/**
 * Reads what a command was answered with. The reply itself does not say which; whoever sent the command knows.
 *
 * @param ok of a reply that `readServerMessage` gave
 * @throws WireError `malformed`
 */
export function readOk<Op extends keyof OkByOp>(op: Op, ok: unknown): OkByOp[Op] {
  const fields = new Fields(TRUSTED)
  const map = fields.map(ok, 'ok') ?? {}
  const read: Reader<OkByOp[Op]> = OKS[op]
  const value = read(fields, map)
  return done(fields, `reply to ${op}`, value)
}

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
