// What a client understands of the `ok` of a reply, which only the command that it answers can tell. Every field that
// tautline.v1 names is checked, no other one is looked at.

import { fence, members, position, publication, subscribed } from './server-shapes.ts'
import { carrying, flag, type Is, isMap, list, malformed, map, maybe, nullable, oneOf, text, whole } from './shape.ts'
import type { Fence, HistoryPage, OkByOp, Publication } from './types.ts'

const limits: Is<Record<string, number>> = (value): value is Record<string, number> =>
  isMap(value) && Object.values(value).every(Number.isFinite)

const item: Is<Publication | Fence> = (value): value is Publication | Fence =>
  isMap(value) && (value['ev'] === 'pub' ? publication(value) : value['ev'] === 'fence' && fence(value))

const result = carrying({})

/** What each `ok` is: by the `op` that it answers. */
const OKS: { readonly [op in keyof OkByOp]: Is<OkByOp[op]> } = {
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
  subscribe: subscribed,
  unsubscribe: isMap as Is<Record<string, never>>,
  publish: map<OkByOp['publish']>({ position: nullable(position), duplicate: maybe(oneOf(true)) }),
  history: map<HistoryPage>({ items: list(item), start: position, end: position, more: flag }),
  presence: map<OkByOp['presence']>({ members, count: whole, rev: whole, next: maybe(text) }),
  rpc: (value): value is OkByOp['rpc'] =>
    isMap(value) && ((value['data'] === undefined && value['bytes'] === undefined) || result(value)),
  cancel: isMap as Is<Record<string, never>>,
  refresh: map<OkByOp['refresh']>({ expires: maybe(whole) }),
  ping: map({ time: whole }),
}

/**
 * Reads what a command was answered with. The reply itself does not say which; whoever sent the command knows.
 *
 * @param ok of a reply that `readServerMessage` gave; the same object comes back, with bytes as bytes
 * @throws WireError `malformed`
 */
export function readOk<Op extends keyof OkByOp>(op: Op, ok: unknown): OkByOp[Op] {
  const is: Is<OkByOp[Op]> = OKS[op]
  return is(ok) ? ok : malformed(op)
}
