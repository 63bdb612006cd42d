// What a client understands of what a server says: every field that tautline.v1 names is checked, no other one is looked
// at, and a push that this version does not know is none. Bytes come out as bytes, whatever the codec.

import type { Decoded } from './codec.ts'
import { failure, fence, lost, members, position, publication, type Rest, subscribed } from './server-shapes.ts'
import {
  carrying,
  flag,
  type Is,
  isMap,
  list,
  malformed,
  map,
  maybe,
  nullable,
  oneOf,
  prose,
  span,
  text,
  whole,
} from './shape.ts'
import type { DrainPush, GapPush, MembersPush, Push, RpcPush, ServerMessage } from './types.ts'

/** What each push is. */
const SHAPES: { readonly [ev in Push['ev']]: Is<object> } = {
  pub: publication,
  fence,
  sub: subscribed,
  gap: map<Rest<GapPush>>({
    ch: text,
    to: position,
    count: whole,
    why: oneOf('conflated', 'dropped', 'filtered', 'unreadable'),
  }),
  lost: map({ ch: text, start: nullable(position), lost }),
  unsub: map({ ch: text, error: failure }),
  members: map<Rest<MembersPush>>({
    ch: text,
    rev: whole,
    count: whole,
    joined: maybe(members),
    left: maybe(list(text)),
  }),
  msg: carrying({}),
  rpc: carrying<Rest<RpcPush>>({ call: whole, seq: whole, end: maybe(flag) }),
  refresh: map({ within: span }),
  health: map({ ok: flag }),
  ping: map({ time: whole }),
  drain: map<Rest<DrainPush>>({ slot: span, deadline: span, url: maybe(text) }),
  bye: map<{ code: number; reason: string; after?: number }>({ code: whole, reason: prose, after: maybe(span) }),
}

const PUSHES: ReadonlyMap<unknown, Is<object>> = new Map(Object.entries(SHAPES))

/** The `ok` is not read yet: readOk does it, by its op. */
const reply = map<{ id: number; ok?: object; error?: object }>({ id: whole, ok: maybe(isMap), error: maybe(failure) })

/**
 * Reads one decoded message of a server. The `ok` of a reply is handed on as it came: `readOk` reads it by its `op`.
 *
 * @returns the same object, with bytes as bytes; null for a push that this version does not know: to be ignored
 * @throws WireError `malformed`: the server does not speak the protocol
 */
export function readServerMessage({ value, bad }: Decoded): ServerMessage | null {
  if (!isMap(value)) return malformed('a message')
  const { ev, ok, error } = value
  const is = ev === undefined ? reply : PUSHES.get(ev)
  if (is === undefined) return null
  if (bad !== undefined) malformed(`a message that holds ${bad}:`)
  if (!is(value) || (ev === undefined && (ok === undefined) === (error === undefined))) malformed('a message')
  return value as unknown as ServerMessage
}
