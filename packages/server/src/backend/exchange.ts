// One signed request over HTTP and its answer, or what went wrong. It repeats nothing, follows nothing, and holds no more
// of an answer than it was allowed to.

import { TROUBLES, Trouble } from './trouble.ts'

export interface ExchangeRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Bytes of the answer at most. */
  readonly most: number
  /** false: that there is an answer is enough. */
  readonly answered: boolean
  /** ms since 1970, for a Retry-After that is a date. */
  readonly wall: () => number
}

/** A Retry-After of more is taken for this, ms. */
const MOST_AFTER = 3_600_000

/**
 * Sends it, and reads JSON.
 *
 * @param signal aborted when the answer would come too late, or to nobody; the reason is a Trouble
 * @throws Trouble
 */
export async function exchange(request: ExchangeRequest, signal: AbortSignal): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(request.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        // What is small needs none, and what is a bomb shall not be one.
        'accept-encoding': 'identity',
        'user-agent': 'tautline',
        ...request.headers,
      },
      body: request.body,
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    throw troubleOf(error, signal)
  }
  try {
    const trouble = troubleOfStatus(response, request.wall)
    if (trouble !== null) throw trouble
    return request.answered ? await answerOf(response, request.most) : undefined
  } catch (error) {
    throw troubleOf(error, signal)
  } finally {
    // A connection whose answer was not read to its end is of no use any more. Where it was, this does nothing.
    if (response.bodyUsed === false) await response.body?.cancel().catch(() => {})
  }
}

function troubleOfStatus(response: Response, wall: () => number): Trouble | null {
  const { status } = response
  if (status >= 200 && status < 300) return null
  const after = retryAfter(response.headers.get('retry-after'), wall)
  if (status === 429) return new Trouble('busy', 'status 429', after)
  if (status === 502 || status === 503 || status === 504) return new Trouble('away', `status ${status}`, after)
  if (status >= 500) return new Trouble('failed', `status ${status}`)
  return new Trouble('refused', `status ${status}${hintFor(status)}`)
}

function hintFor(status: number): string {
  if (status >= 300 && status < 400) return ': redirects are not followed, give the URL that is meant'
  if (status === 401 || status === 403) return ': has the backend the same secret, and the right time?'
  if (status === 404 || status === 405) return ': is it the right URL? It has to answer POST'
  return ''
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(value: string | null, wall: () => number): number | undefined {
  if (value === null) return undefined
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - wall()
  return Number.isFinite(ms) ? Math.min(MOST_AFTER, Math.max(0, Math.ceil(ms))) : undefined
}

async function answerOf(response: Response, most: number): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new Trouble('malformed', 'its content-type must be application/json')
  }
  const bytes = await bytesOf(response, most)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Trouble('malformed', 'it is no UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Trouble('malformed', text === '' ? 'it is empty' : 'it is no JSON')
  }
}

async function bytesOf(response: Response, most: number): Promise<Uint8Array> {
  const tooLarge = (): Trouble => new Trouble('malformed', `it has more than ${most} bytes`)
  const declared = response.headers.get('content-length')
  if (declared !== null && Number(declared) > most) throw tooLarge()
  if (response.body === null) return new Uint8Array()
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    size += piece.byteLength
    // Leaving the loop cancels the body.
    if (size > most) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces, size)
}

function troubleOf(error: unknown, signal: AbortSignal): Trouble {
  if (error instanceof Trouble) return error
  if (signal.aborted) return signal.reason instanceof Trouble ? signal.reason : new Trouble('cancelled')
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  const causes = cause instanceof AggregateError ? cause.errors : [cause]
  const kind = causes.every(isUnsent) ? 'unsent' : 'broken'
  return new Trouble(kind, `${TROUBLES[kind].text}: ${nameOf(cause)}`)
}

/** Did it fail before a byte of the request was sent? Only what certainly did. */
function isUnsent(cause: unknown): boolean {
  const { code, syscall, message } = (cause ?? {}) as Readonly<Record<string, unknown>>
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || message === 'bad port') return true
  // Of the TLS handshake: certificates, protocols.
  return typeof code === 'string' && /^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)
}

/** Codes only: messages of others may quote what was sent. */
function nameOf(cause: unknown): string {
  const { code, name, message } = (cause ?? {}) as Readonly<Record<string, unknown>>
  if (message === 'bad port') return 'fetch asks no port of this number, choose another'
  for (const one of [code, name]) if (typeof one === 'string' && /^\w{1,64}$/.test(one)) return one
  return 'no reason given'
}
