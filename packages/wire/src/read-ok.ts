// What a client understands of the `ok` of a reply, which only the command that it answers can tell. Every field that
// tautline.v1 names is checked, every other one is left behind.

import { Fields, type Unread } from './fields.ts'
import {
  done,
  isPresent,
  MAX,
  type Mutable,
  nullable,
  type Reader,
  readFence,
  readMember,
  readPublication,
  readSubscribed,
  subscribed,
  TEXT,
  TRUSTED,
} from './server-fields.ts'
import type { Connected, Fence, HistoryPage, Json, MembersPage, OkByOp, Publication, Published } from './types.ts'

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
