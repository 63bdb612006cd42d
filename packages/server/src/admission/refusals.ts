// Why nobody new is let in, as rows: what is answered, and under which name it is counted. No text quotes the peer.

import type { Refusal } from '@tautline/websocket'
import type { LimitName } from './limit-name.ts'

export type AdmissionRefusalId = Extract<
  LimitName,
  | 'connections'
  | 'connections of an address'
  | 'handshakes'
  | 'handshakes of an address'
  | 'failures'
  | 'memory'
  | 'lag'
>

function row(id: AdmissionRefusalId, status: 429 | 503, text: string): Refusal {
  const section = status === 429 ? 'RFC 6585 §4' : 'RFC 9110 §15.6.4'
  return Object.freeze({ id, status, section, text })
}

export const ADMISSION_REFUSALS: { readonly [id in AdmissionRefusalId]: Refusal } = Object.freeze({
  connections: row('connections', 503, 'This node has as many connections as it takes.'),
  'connections of an address': row('connections of an address', 429, 'Your address has too many connections.'),
  handshakes: row('handshakes', 503, 'Too many connect at once.'),
  'handshakes of an address': row('handshakes of an address', 429, 'Your address connects too often.'),
  failures: row('failures', 429, 'Too many attempts from your address have failed.'),
  memory: row('memory', 503, 'This node has no memory for more connections.'),
  lag: row('lag', 503, 'This node has too much to do.'),
})

/** RFC 9110 §10.2.3: whole seconds, at least one. */
export function withRetryAfter(refusal: Refusal, ms: number): Refusal {
  return { ...refusal, headers: ['Retry-After', String(Math.max(1, Math.ceil(ms / 1_000)))] }
}
