// Admission as a server of the engine is told of it: what is asked before a handshake, what is heard of those that fail, and
// how long one visit is counted. One per server that a node opens.

import type { HeaderFields, ServerOptions, UpgradeRequest } from '@tautline/websocket'
import type { Clock } from '@tautline/wire'
import { textOf } from '../error-text.ts'
import type { Metrics } from '../metrics.ts'
import type { Log } from '../options.ts'
import { plainAddress } from './address.ts'
import type { Admission } from './admission.ts'
import { ADMISSION_REFUSALS } from './refusals.ts'
import { seldom } from './seldom.ts'

/** Connections beyond the limit that are still answered, so that they learn when to come back; more are cut. */
const ANSWERED = 1_000

const FORWARDED = ['x-forwarded-for', 'forwarded'] as const

export interface DoorParts {
  readonly admission: Admission
  readonly metrics: Pick<Metrics, 'count'>
  /** Is it a port of our own? */
  readonly listens: boolean
  /** Hears of those who are refused, a few a second. */
  readonly log: Log
  readonly clock: Clock
}

type DoorOptions = Pick<
  ServerOptions,
  | 'gate'
  | 'handshakeTimeout'
  | 'messageTimeout'
  | 'maxAccepted'
  | 'proxyProtocol'
  | 'onRefused'
  | 'onDropped'
  | 'onTlsFailed'
>

/** Options for `createServer` of the engine. */
export function doorOf({ admission, metrics, listens, log: all, clock }: DoorParts): DoorOptions {
  admission.watch()
  const log = seldom(all, clock)
  const { settings } = admission
  return {
    handshakeTimeout: settings.handshakeTimeout,
    messageTimeout: settings.messageTimeout,
    gate: {
      accept: (address) => admission.accept(address),
      settled: (address) => admission.greeted(address),
      admit: (knock) => admission.handshake(knock),
    },
    onRefused: ({ id, status }, remoteAddress, cause, headers) => {
      metrics.count('tautline_refused_total', 1, id)
      const address = headers === undefined ? remoteAddress : admission.addressOf({ headers, remoteAddress })
      const error = cause === undefined ? null : { error: textOf(cause) }
      // A whole site behind a proxy that nobody named would be one address.
      const proxied = status === 429 && isOwn(address, remoteAddress) && FORWARDED.some((name) => headers?.has(name))
      const hint = proxied ? { hint: 'if this is a proxy of yours, name it in admission.trustedProxies' } : null
      log('handshake refused', { reason: id, status, address: address ?? '', ...error, ...hint })
      // 5xx are ours; who was refused here has not failed, it was only early.
      if (status >= 500 || Object.hasOwn(ADMISSION_REFUSALS, id) || isPagesDoing(id, headers)) return
      if (headers === undefined) admission.failedUnread(remoteAddress)
      else admission.failed(address, headers)
    },
    ...(listens ? ownPort(admission, metrics, log) : null),
  }
}

/**
 * Can a page of somebody else have made its visitor's browser do that? It must not lock the visitor out: whoever guesses
 * tokens gets as far as `connect`, and is counted there. Browsers mark what pages send, but for an image over plain HTTP.
 */
function isPagesDoing(id: string, headers: HeaderFields | undefined): boolean {
  if (id === 'origin' || id === 'upgrade') return true
  return headers !== undefined && (headers.get('origin') !== undefined || headers.get('sec-fetch-site') !== undefined)
}

function ownPort(admission: Admission, metrics: DoorParts['metrics'], log: Log): DoorOptions {
  return {
    maxAccepted: admission.settings.connections + ANSWERED,
    ...(admission.settings.proxyProtocol.length === 0
      ? null
      : { proxyProtocol: (address) => admission.announces(address) }),
    onDropped: () => admission.count('accepted'),
    onTlsFailed: (address) => {
      metrics.count('tautline_refused_total', 1, 'tls')
      log('tls handshake refused', { address: plainAddress(address ?? '') ?? '' })
      admission.failedUnread(address)
    },
  }
}

/** A handshake that became a connection. */
export class Visit {
  readonly address: string | undefined
  private readonly admission: Admission
  private readonly headers: UpgradeRequest['headers']

  constructor(admission: Admission, request: UpgradeRequest) {
    this.address = admission.addressOf(request)
    this.admission = admission
    this.headers = request.headers
    admission.opened(this.address)
  }

  /** Nothing is left of it: until then it is counted. */
  gone(): void {
    this.admission.closed(this.address)
  }

  /** The client broke a rule of the transport. */
  failed(): void {
    this.admission.failed(this.address, this.headers)
  }
}

/** Is it the address of the connection itself? */
function isOwn(address: string | undefined, remoteAddress: string | undefined): boolean {
  return remoteAddress !== undefined && plainAddress(remoteAddress) === address
}
