// What a client understands of what a server says: every field that tautline.v1 names is checked, every other one is
// left behind, and a push that this version does not know is none. Bytes come out as bytes, whatever the codec.

import type { Decoded } from './codec.ts'
import { failure, fence, lost, members, position, publication, subscribed } from './server-shapes.ts'
import {
  any,
  carrying,
  flag,
  isMap,
  list,
  malformed,
  map,
  maybe,
  nullable,
  oneOf,
  prose,
  type Read,
  span,
  text,
  whole,
} from './shape.ts'
import type { ByePush, DrainPush, MembersPush, Push, Reply, ServerMessage } from './types.ts'

/** How each push is read. `ev` is known already. */
const PUSHES: { readonly [ev in Push['ev']]: Read<Push> } = {
  pub: publication,
  fence,
  sub: map({ ev: any, ...subscribed }),
  gap: map({
    ev: any,
    ch: text,
    to: position,
    count: whole,
    why: oneOf('conflated', 'dropped', 'filtered', 'unreadable'),
  }),
  lost: map({ ev: any, ch: text, start: nullable(position), lost }),
  unsub: map({ ev: any, ch: text, error: failure }),
  members: map<MembersPush>({
    ev: any,
    ch: text,
    rev: whole,
    count: whole,
    joined: maybe(members),
    left: maybe(list(text)),
  }),
  msg: carrying({ ev: any }),
  rpc: carrying<{ ev: 'rpc'; call: number; seq: number; end?: boolean }>({
    ev: any,
    call: whole,
    seq: whole,
    end: maybe(flag),
  }),
  refresh: map({ ev: any, within: span }),
  health: map({ ev: any, ok: flag }),
  ping: map({ ev: any, time: whole }),
  drain: map<DrainPush>({ ev: any, slot: span, deadline: span, url: maybe(text) }),
  bye: map<ByePush>({ ev: any, code: whole, reason: prose, after: maybe(span) }),
}

const refused: Read<Reply> = map({ id: whole, error: failure })

/** The `ok` is not read yet: readOk does it, by its op. */
const answered: Read<Reply> = map<{ id: number; ok: never }>({
  id: whole,
  ok: (value, field) => (isMap(value) ? (value as never) : malformed(field)),
})

/**
 * Reads one decoded message of a server. The `ok` of a reply is handed on as it came: `readOk` reads it by its `op`.
 *
 * @returns null for a push that this version does not know: to be ignored
 * @throws WireError `malformed`: the server does not speak the protocol
 */
export function readServerMessage(decoded: Decoded): ServerMessage | null {
  const { value, bad } = decoded
  if (!isMap(value)) return malformed('a message')
  const { ev } = value
  let read: Read<ServerMessage>
  if (ev === undefined) read = value['error'] === undefined ? answered : refused
  else if (typeof ev === 'string' && Object.hasOwn(PUSHES, ev)) read = PUSHES[ev as Push['ev']]
  else return null
  return bad === undefined ? read(value, 'a message') : malformed(`a message that holds ${bad}:`)
}
