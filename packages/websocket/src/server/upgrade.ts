// From a request head to a connection: the policy of one server, asked in one order, and the answer on the wire. The
// same for requests of our own parser and for those of node:http.

import type { Duplex } from 'node:stream'
import {
  acceptResponse,
  checkUpgrade,
  type DeflateParameters,
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
import type { CompressionOptions, OriginPolicy, ServerOptions, UpgradeRequest } from './options.ts'

/** What a request is granted. */
export interface Grant {
  readonly subprotocol: string
  readonly deflate: DeflateParameters | null
  /** The 101, ready to be written as latin1. */
  readonly response: string
}

/** Judges the head, the path and the origin. What needs an answer of the application comes later. */
export function judge(
  head: RequestHead,
  stream: Duplex,
  options: ServerOptions,
): [UpgradeRequest, UpgradeOffer] | Refusal {
  const path = targetPath(head.target)
  if (options.path !== undefined && path !== options.path) return REFUSALS['not-found']
  const offer = checkUpgrade(head)
  if (isRefusal(offer)) return offer
  const carrier = stream as Carrier & { readonly encrypted?: boolean }
  const request: UpgradeRequest = {
    method: head.method,
    target: head.target,
    path,
    headers: head.headers,
    remoteAddress: carrier.remoteAddress,
    remotePort: carrier.remotePort,
    secure: carrier.encrypted === true,
    subprotocols: offer.subprotocols,
    origin: head.headers.get('origin'),
  }
  return originAllowed(options.origins ?? 'any', request) ? [request, offer] : REFUSALS.origin
}

/**
 * RFC 6455 §10.2: "Servers that are not intended to process input from any web page but only for certain sites SHOULD
 * verify the |Origin| field is an origin they expect." Two Origin headers read as one with a comma, which no list holds.
 */
function originAllowed(policy: OriginPolicy, request: UpgradeRequest): boolean {
  if (policy === 'any') return true
  if (typeof policy === 'function') return policy(request.origin, request)
  return request.origin === undefined || policy.includes(request.origin)
}

/** Chooses subprotocol and compression and writes the 101. */
export function grant(
  request: UpgradeRequest,
  offer: UpgradeOffer,
  options: ServerOptions,
  platform: { sha1Base64(text: string): string },
  headers?: readonly string[],
): Grant {
  const subprotocol = chooseSubprotocol(request, options)
  const preference = compressionPreference(options)
  const agreed = preference === null ? null : negotiateDeflate(offer.extensions, preference)
  const response = acceptResponse(
    {
      key: offer.key,
      ...(subprotocol === '' ? {} : { subprotocol }),
      ...(agreed === null ? {} : { extensions: agreed.response }),
      ...(headers === undefined ? {} : { headers }),
    },
    platform,
  )
  return { subprotocol, deflate: agreed === null ? null : agreed.parameters, response }
}

function chooseSubprotocol(request: UpgradeRequest, options: ServerOptions): string {
  const { subprotocols } = options
  if (subprotocols === undefined || request.subprotocols.length === 0) return ''
  if (typeof subprotocols === 'function') {
    const chosen = subprotocols(request.subprotocols, request) ?? ''
    // RFC 6455 §4.2.2 (5): the value must be "derived from the client's handshake".
    if (chosen !== '' && !request.subprotocols.includes(chosen)) {
      throw new RangeError('subprotocols() must return one of those offered, or undefined')
    }
    return chosen
  }
  return subprotocols.find((name) => request.subprotocols.includes(name)) ?? ''
}

const NO_TAKEOVER: CompressionOptions = { serverNoContextTakeover: true, clientNoContextTakeover: true }

function compressionPreference(options: ServerOptions): CompressionOptions | null {
  const { compression } = options
  if (compression === undefined || compression === false || options.parts === true) return null
  return compression === true ? NO_TAKEOVER : { ...NO_TAKEOVER, ...compression }
}

/**
 * Answers a refusal and sees the stream off: nothing behind the request is ever answered, which is how a second request
 * could be smuggled. `linger` destroys the stream when its time comes.
 */
export function refuse(stream: Duplex, refusal: Refusal, linger: () => void): void {
  if (stream.destroyed) return
  // What still arrives is read and dropped: closing with unread bytes would reset the answer away.
  stream.removeAllListeners('data')
  stream.resume()
  stream.end(refusalResponse(refusal), 'latin1')
  linger()
}
