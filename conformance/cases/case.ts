/**
 * What a case of the catalogue is: bytes for the engine, and the outcomes that are allowed.
 * Notation (as in bad-input.md): `HTTP:n` status n and close; `CLOSE:n` Close frame with code n, then TCP close;
 * `TCP:1006` no Close frame, close event 1006; `ECHO` message accepted; `101` accepted, `101-noext` without extension;
 * `RST` closed without an answer; `OPEN`, `MSG`, `FAIL` are the client's events. A `+` joins what follows one another.
 */
import type { HeadText } from '@tautline/testkit'

/** A message the engine must send back. */
export interface Expected {
  readonly text: boolean
  readonly payload: Uint8Array
}

/** What was seen of one run, for demands beyond the outcome. */
export interface Seen {
  /** The answer to the handshake, if one came. */
  readonly head: HeadText | null
  /** Everything received up to the end of the last head. */
  readonly raw: Buffer
  /** Payloads of the pongs that came, in order. */
  readonly pongs: readonly Buffer[]
  /** Connections the peer made, for cases against a client. */
  readonly connections: number
}

/** What the note of a case asks beyond its outcome: null when met, else what is wrong. */
export type Demand = (seen: Seen) => string | null

interface AnyCase {
  readonly id: string
  /** As in the catalogue: `5.2` is RFC 6455 §5.2, `7692-7.1` RFC 7692 §7.1, `9112-3` RFC 9112 §3. */
  readonly rfc: string
  readonly title: string
  readonly required: readonly string[]
  readonly note?: string
  /** Messages that make up `ECHO`; 'any': one message, whatever it says. */
  readonly echo?: readonly Expected[] | 'any'
  readonly demand?: Demand
  /** Upper bound of the CPU time of one run, in ms. */
  readonly cpu?: number
  /** ms to wait for the outcome, where it takes long. */
  readonly deadline?: number
  /** The code the engine's own close event must tell, where it lets us look. */
  readonly local?: number
}

/** Bytes against a server: a request (and what follows it), or frames behind a finished handshake. */
export interface ServerCase extends AnyCase {
  readonly input: () => Buffer
  /** Negotiate permessage-deflate first. */
  readonly deflate?: boolean
  /** What the peer does behind the last byte. */
  readonly end?: 'half-close'
}

/** Bytes against a client: an answer to its request, and what follows it. */
export interface ClientCase extends AnyCase {
  /** The answer; null: none ever. */
  readonly answer: (key: string) => Buffer | null
  readonly subprotocols?: readonly string[]
  /** Whether the client offers permessage-deflate. Default true. */
  readonly deflate?: boolean
  /** Default 1 MiB. */
  readonly maxPayload?: number
  readonly maxFragments?: number
}

/** A section's name as people write it: `RFC 6455 §5.2`. */
export function sectionOf(rfc: string): string {
  if (/^[\d.]+(\(\d+\))?$/.test(rfc)) return `RFC 6455 §${rfc}`
  const [number, section] = rfc.split('-')
  return /^\d{4}$/.test(number ?? '') ? `RFC ${number} §${section}` : rfc
}

/** The title of a case's test. */
export function titleOf(one: AnyCase): string {
  return `${one.id} ${one.title}: ${one.required.join(' or ')} (${sectionOf(one.rfc)})`
}

/** A text message to be echoed. */
export function text(value: string): Expected {
  return { text: true, payload: Buffer.from(value, 'utf8') }
}

/** A binary message to be echoed. */
export function binary(value: Uint8Array): Expected {
  return { text: false, payload: value }
}
