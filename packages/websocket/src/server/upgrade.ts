// From a request head to a connection: the policy of one server, asked in one order, and the answer on the wire. The
// same for requests of our own parser and for those of node:http.

import {
  acceptResponse,
  checkUpgrade,
  type DeflateParameters,
  type HeaderFields,
  isRefusal,
  negotiateDeflate,
  REFUSALS,
  type Refusal,
  type RequestHead,
  refusalResponse,
  targetPath,
  type UpgradeOffer,
} from '@tautline/protocol'
import type { Carrier } from '../stream-events.ts'
import type { CompressionOptions, ServerOptions, UpgradeRequest } from './options.ts'
import type { OriginTest } from './origins.ts'

/** What a request is granted. */
export interface Grant {
  readonly subprotocol: string
  readonly deflate: DeflateParameters | null
  /** The Sec-WebSocket-Extensions of the answer, or ''. */
  readonly extensions: string
  /** The 101, ready to be written as latin1. */
  readonly response: string
}

/** The request as the application sees it. Looking an address up costs a system call and memory: only on demand. */
class Request implements UpgradeRequest {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly headers: HeaderFields
  readonly subprotocols: readonly string[]
  private readonly stream: Carrier

  constructor(head: RequestHead, path: string, subprotocols: readonly string[], stream: Carrier) {
    this.method = head.method
    this.target = head.target
    this.path = path
    this.headers = head.headers
    this.subprotocols = subprotocols
    this.stream = stream
  }

  get origin(): string | undefined {
    return this.headers.get('origin')
  }

  get remoteAddress(): string | undefined {
    return this.stream.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.stream.remotePort
  }

  get secure(): boolean {
    return this.stream.encrypted === true
  }
}

/** Judges the head, the path and the origin. What needs an answer of the application comes later. */
export function judge(
  head: RequestHead,
  stream: Carrier,
  options: ServerOptions,
  originAllowed: OriginTest,
): [UpgradeRequest, UpgradeOffer] | Refusal {
  const path = targetPath(head.target)
  if (options.path !== undefined && path !== options.path) return REFUSALS['not-found']
  const offer = checkUpgrade(head)
  if (isRefusal(offer)) return offer
  const request = new Request(head, path, offer.subprotocols, stream)
  return originAllowed(request) ?? [request, offer]
}

/** Chooses subprotocol and compression and writes the 101. */
export function grant(
  request: UpgradeRequest,
  offer: UpgradeOffer,
  options: ServerOptions,
  platform: { sha1Base64(text: string): string },
): Grant {
  const subprotocol = chooseSubprotocol(request, options)
  const preference = compressionPreference(options)
  const agreed = preference === null ? null : negotiateDeflate(offer.extensions, preference)
  const extensions = agreed?.response ?? ''
  const response = acceptResponse({ key: offer.key, subprotocol, extensions }, platform)
  return { subprotocol, deflate: agreed?.parameters ?? null, extensions, response }
}

function chooseSubprotocol(request: UpgradeRequest, options: ServerOptions): string {
  const { subprotocols } = options
  if (subprotocols === undefined || request.subprotocols.length === 0) return ''
  if (typeof subprotocols === 'function') {
    const chosen = subprotocols(request.subprotocols, request) ?? ''
    // RFC 6455 §4.2.2 (4), /subprotocol/: the value must be "derived from the client's handshake".
    if (chosen !== '' && !request.subprotocols.includes(chosen)) {
      throw new RangeError('subprotocols() must return one of those offered, or undefined')
    }
    return chosen
  }
  return subprotocols.find((name) => request.subprotocols.includes(name)) ?? ''
}

const NO_TAKEOVER: CompressionOptions = { serverNoContextTakeover: true, clientNoContextTakeover: true }

/** Our window must outlive a message, for the units of a stream that the peer may take; its window need not. */
const SHARED: CompressionOptions = { serverNoContextTakeover: false, clientNoContextTakeover: true }

function compressionPreference(options: ServerOptions): CompressionOptions | null {
  const { compression } = options
  if (compression === undefined || compression === false || options.parts === true) return null
  if (compression === true) return NO_TAKEOVER
  return { ...NO_TAKEOVER, ...compression, ...(compression.shared === true ? SHARED : null) }
}

/**
 * What a refusal looks like on the wire. One of the application's that cannot be written (its status, its header
 * fields), or is none at all, becomes a 500: whoever asked gets an answer in any case.
 */
export function answer(refusal: Refusal): string {
  try {
    return refusalResponse(refusal)
  } catch {
    return refusalResponse(REFUSALS['internal-error'])
  }
}
