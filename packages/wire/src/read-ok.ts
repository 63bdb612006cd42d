// What a client understands of the `ok` of a reply, which only the command that it answers can tell. Every field that
// tautline.v1 names is checked, every other one is left behind.

import { fence, members, position, publication, subscribed } from './server-shapes.ts'
import { carrying, flag, isMap, list, malformed, map, maybe, nullable, type Read, text, whole } from './shape.ts'
import type { Fence, OkByOp, Publication } from './types.ts'

/** Limits of a later server are read as far as they are numbers. */
const limits: Read<Record<string, number>> = (value, field) => {
  if (!isMap(value)) return malformed(field)
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}

const item: Read<Publication | Fence> = (value, field) => {
  const ev = isMap(value) ? value['ev'] : undefined
  return ev === 'pub' ? publication(value, field) : ev === 'fence' ? fence(value, field) : malformed(field)
}

const nothing: Read<Record<string, never>> = map({})
const result = carrying({})

/** How each `ok` is read: by the `op` that it answers. */
const OKS: { readonly [op in keyof OkByOp]: Read<OkByOp[op]> } = {
  connect: map<OkByOp['connect']>({
    conn: text,
    secret: text,
    node: text,
    time: whole,
    user: maybe(text),
    expires: maybe(whole),
    features: list(text),
    ping: map({ every: whole, timeout: whole }),
    window: whole,
    limits,
  }),
  subscribe: map(subscribed),
  unsubscribe: nothing,
  publish: map<OkByOp['publish']>({
    position: nullable(position),
    duplicate: (value) => (value === true ? value : (undefined as never)),
  }),
  history: map({ items: list(item), start: position, end: position, more: flag }),
  presence: map<OkByOp['presence']>({ members, count: whole, rev: whole, next: maybe(text) }),
  rpc: (value, field) =>
    isMap(value) && value['data'] === undefined && value['bytes'] === undefined ? {} : result(value, field),
  cancel: nothing,
  refresh: map<OkByOp['refresh']>({ expires: maybe(whole) }),
  ping: map({ time: whole }),
}

/**
 * Reads what a command was answered with. The reply itself does not say which; whoever sent the command knows.
 *
 * @param ok of a reply that `readServerMessage` gave
 * @throws WireError `malformed`
 */
export function readOk<Op extends keyof OkByOp>(op: Op, ok: unknown): OkByOp[Op] {
  const read: Read<OkByOp[Op]> = OKS[op]
  return read(ok, op)
}
