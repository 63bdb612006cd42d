// From node to node: what concerns a user's or a connection's sessions wherever they are. At most once. What comes from
// another node is checked like what comes from a client: a broker is a network, and not all of it is ours.

import { type Body, jsonCodec, type Limits, readServerMessage } from '@tautline/wire'
import { type Revocation, readRevocation } from './revocation/revocation.ts'

/** What one node asks of the others. */
export type Order =
  | { readonly op: 'send'; readonly user: string; readonly body: Body }
  | { readonly op: 'subscribe' | 'unsubscribe'; readonly user: string; readonly channel: string }
  | { readonly op: 'disconnect'; readonly user: string; readonly code: number; readonly reason: string }
  | { readonly op: 'replace'; readonly conn: string; readonly secret: string }
  | { readonly op: 'revoke'; readonly revocation: Revocation }

/** @param by the node that asks: brokers may tell it too, and it has obeyed already */
export function writeOrder(order: Order, by: string): Uint8Array {
  if (order.op !== 'send') return new TextEncoder().encode(JSON.stringify({ ...order, by }))
  // The body goes as the push that it will be: the codec knows how bytes travel in JSON.
  const push = jsonCodec.encode({ ev: 'msg', ...order.body })
  return new TextEncoder().encode(`${JSON.stringify({ op: order.op, user: order.user, by })}\n${push}`)
}

/** @returns null for anything that is not an order, and for the own ones of the node that reads */
export function readOrder(bytes: Uint8Array, limits: Limits, reader: string): Order | null {
  if (bytes.length > limits.frame) return null
  try {
    const [head = '', text = ''] = new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n', 2)
    const order = JSON.parse(head) as Readonly<Record<string, unknown>>
    const { op, user, channel, code, reason, conn, secret, by } = order
    if (by === reader) return null
    if (op === 'replace') return isText(conn) && isText(secret) ? { op, conn, secret } : null
    if (op === 'revoke') return readRevoke(order['revocation'])
    if (!isText(user)) return null
    if (op === 'subscribe' || op === 'unsubscribe') return isText(channel) ? { op, user, channel } : null
    if (op === 'disconnect') {
      return typeof code === 'number' && isCode(code) && isText(reason) ? { op, user, code, reason } : null
    }
    return op === 'send' ? readSend(user, text, limits) : null
  } catch {
    return null
  }
}

function readRevoke(value: unknown): Order | null {
  const revocation = readRevocation(value)
  return revocation === null ? null : { op: 'revoke', revocation }
}

function readSend(user: string, text: string, limits: Limits): Order | null {
  const [decoded] = jsonCodec.decode(text, { bytes: limits.frame, messages: 1, depth: limits.depth, keys: limits.keys })
  const push = decoded === undefined ? null : readServerMessage(decoded)
  if (push === null || !('ev' in push) || push.ev !== 'msg') return null
  return { op: 'send', user, body: push.bytes === undefined ? { data: push.data } : { bytes: push.bytes } }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1_024
}

/** Could it be the name of one node? What a client says may be anything, and '*' addresses all nodes. */
export function isNodeName(name: string): boolean {
  return /^[A-Za-z0-9._:-]{1,64}$/.test(name)
}

/** Does a close code say what the client shall do (tautline.v1 §11.5)? */
export function isCode(code: number): boolean {
  return Number.isInteger(code) && code >= 4000 && code <= 4499
}
