// How the face refuses an opening handshake: with the statuses and texts of ws where ws refuses too, with the
// protocol's own where it is stricter.

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Refusal } from '@tautline/websocket/face'

/** A refusal in ws's words. */
export interface Answer {
  readonly status: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

const KEY: Answer = { status: 400, message: 'Missing or invalid Sec-WebSocket-Key header' }
const SUBPROTOCOL: Answer = { status: 400, message: 'Invalid Sec-WebSocket-Protocol header' }

/** For extensions that are malformed, and for offers of permessage-deflate that cannot be accepted. */
export const EXTENSIONS: Answer = { status: 400, message: 'Invalid or unacceptable Sec-WebSocket-Extensions header' }
export const UPGRADE: Answer = { status: 400, message: 'Invalid Upgrade header' }

const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['method', { status: 405, message: 'Invalid HTTP method', headers: { Allow: 'GET' } }],
  ['upgrade', UPGRADE],
  ['key-missing', KEY],
  ['key-repeated', KEY],
  ['key-invalid', KEY],
  [
    'version',
    // RFC 6455 §4.4; ws names 8 as well, which is a draft.
    {
      status: 400,
      message: 'Missing or invalid Sec-WebSocket-Version header',
      headers: { 'Sec-WebSocket-Version': '13' },
    },
  ],
  ['subprotocol-syntax', SUBPROTOCOL],
  ['subprotocol-repeated', SUBPROTOCOL],
  ['extensions-syntax', EXTENSIONS],
])

export function answerTo(refusal: Refusal): Answer {
  const known = ANSWERS.get(refusal.id)
  if (known !== undefined) return known
  const headers: Record<string, string> = {}
  const { headers: raw = [] } = refusal
  for (let i = 0; i < raw.length; i += 2) headers[raw[i] as string] = raw[i + 1] as string
  return { status: refusal.status, message: refusal.text, headers }
}

/** What would end a line of the head, and begin another one or the body. */
const BREAKS = /[\r\n\0]/

/**
 * Answers, and closes when the answer is out.
 *
 * ws writes the headers of `verifyClient` unchecked. RFC 9112 §11.1 (response splitting): if one of them has a CR, LF or
 * NUL, which only a stranger's text brings in, the answer is a bare 500.
 */
export function abortHandshake(
  stream: Duplex,
  status: number,
  message?: string,
  headers?: Readonly<Record<string, unknown>>,
): void {
  const body = message || (STATUS_CODES[status] ?? '')
  const fields: Record<string, unknown> = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  }
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`]
  for (const [name, value] of Object.entries(fields)) lines.push(`${name}: ${value}`)
  if (lines.some((line) => BREAKS.test(line))) return abortHandshake(stream, 500)
  stream.once('finish', stream.destroy)
  stream.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
