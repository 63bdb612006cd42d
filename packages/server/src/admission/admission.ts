// Who gets in: asked when a connection comes, and again when its handshake is read. It counts and answers; it holds nothing
// that a peer can grow, starts no work for one that it refuses, and never looks at what somebody says inside.

import { totalmem } from 'node:os'
import type { Refusal } from '@tautline/websocket'
import type { Clock, Random } from '@tautline/wire'
import { TokenBucket } from '../token-bucket.ts'
import { clientKey, plainAddress } from './address.ts'
import type { LimitName } from './limit-name.ts'
import { type AdmissionOptions, type AdmissionSettings, readAdmission } from './options.ts'
import { type Fields, Networks, Proxies } from './proxies.ts'
import { Records } from './records.ts'
import { ADMISSION_REFUSALS, type AdmissionRefusalId, withRetryAfter } from './refusals.ts'
import { Pace } from './throttle.ts'
import { memoryMark, ProcessVitals, type Vitals } from './vitals.ts'

/** ms after which whoever met a full node may come back; spread, so that a crowd does not come back as one. */
const LATER = 5_000
const SPREAD = 5_000
/** Characters of an origin that tell it from others. */
const LONGEST_ORIGIN = 100

export interface AdmissionParts {
  readonly clock: Clock
  readonly random: Random
  /** Hears each time that a limit held somebody back. */
  readonly count: (limit: LimitName) => void
  /** Default: those of this process. */
  readonly vitals?: Vitals
}

/** What is known of a peer at its handshake. */
export interface Knock {
  readonly headers: Fields
  /** Of the connection, or as its PROXY protocol header said. */
  readonly remoteAddress: string | undefined
}

/** One per node. */
export class Admission {
  /** How fast the connections that come from now on may speak. */
  pace: Pace
  private readonly parts: AdmissionParts
  private readonly vitals: Vitals
  private readonly records: Records = new Records()
  /** Open connections, and handshakes under way on ports of our own, by key; who has none is not in it. */
  private readonly openBy: Map<string, number> = new Map()
  private readonly greetingBy: Map<string, number> = new Map()
  private openCount = 0
  private now: AdmissionSettings
  private accepting: TokenBucket
  private proxies: Proxies
  private announcers: Networks
  private memory: number
  /** Only where a port is served: a simulation must not depend on the machine that it runs on. */
  private watching = false

  /** @throws SettingError */
  constructor(options: AdmissionOptions | undefined, parts: AdmissionParts) {
    this.parts = parts
    this.vitals = parts.vitals ?? new ProcessVitals(parts.clock)
    this.now = readAdmission(options)
    this.pace = new Pace(this.now)
    this.accepting = this.bucket()
    this.proxies = new Proxies(this.now.trustedProxies, this.now.forwardedHeader)
    this.announcers = new Networks(this.now.proxyProtocol)
    this.memory = this.now.memory ?? memoryMark(totalmem())
  }

  /** The limits that hold. */
  get settings(): AdmissionSettings {
    return this.now
  }

  /** Open connections that came through a handshake. */
  get open(): number {
    return this.openCount
  }

  /** Addresses that something is remembered of. */
  get remembered(): number {
    return this.records.size + this.openBy.size + this.greetingBy.size
  }

  /**
   * Other limits from now on. Who is in stays.
   *
   * @throws SettingError; nothing has changed then
   */
  update(options: AdmissionOptions | undefined): void {
    this.now = readAdmission(options)
    this.pace = new Pace(this.now)
    this.accepting = this.bucket()
    this.proxies = new Proxies(this.now.trustedProxies, this.now.forwardedHeader)
    this.announcers = new Networks(this.now.proxyProtocol)
    this.memory = this.now.memory ?? memoryMark(totalmem())
  }

  /** From now on somebody may knock: how the process is counts. */
  watch(): void {
    this.watching = true
    this.vitals.lag()
  }

  stop(): void {
    this.watching = false
    this.vitals.stop()
  }

  /** Is there too little memory for those who are in? */
  get isShort(): boolean {
    return this.watching && (this.vitals.rss() > this.memory || this.vitals.heapIsFull())
  }

  /** Do connections from there begin with a PROXY protocol header? */
  announces(address: string | undefined): boolean {
    const plain = address === undefined ? null : plainAddress(address)
    return plain !== null && this.announcers.has(plain)
  }

  /**
   * A connection on a port of our own, of which nothing is read yet.
   *
   * @returns false: cut it. A crowd that begins handshakes and does not end them has as many as it might have connections
   */
  accept(address: string | undefined): boolean {
    const key = this.ownKeyOf(address)
    if (key === null) return true
    const greeting = this.greetingBy.get(key) ?? 0
    if (greeting >= this.now.perAddress) {
      this.parts.count('handshakes of an address')
      return false
    }
    this.greetingBy.set(key, greeting + 1)
    return true
  }

  /** The handshake of one that `accept` let pass is over, either way. */
  greeted(address: string | undefined): void {
    // Whose list has changed meanwhile: who was not counted is not found.
    const plain = address === undefined ? null : plainAddress(address)
    if (plain !== null) decrement(this.greetingBy, clientKey(plain))
  }

  /** The address of a client, behind the proxies that are believed. */
  addressOf({ headers, remoteAddress }: Knock): string | undefined {
    const plain = remoteAddress === undefined ? null : plainAddress(remoteAddress)
    // A pipe or a local socket has none.
    return plain === null ? undefined : this.proxies.clientOf(headers, plain)
  }

  /** Counts a handshake. @returns why it is refused; undefined: it may go on */
  handshake(knock: Knock): Refusal | undefined {
    const address = this.addressOf(knock)
    const now = this.parts.clock.now()
    // One address first: what it is refused must not cost the others anything.
    const own = address === undefined ? undefined : this.refusalOf(clientKey(address), speaker(knock.headers), now)
    return own ?? this.refusalOfAll()
  }

  /** A handshake became a connection. @param address as `addressOf` gave it */
  opened(address: string | undefined): void {
    this.openCount++
    if (address === undefined) return
    const key = clientKey(address)
    this.openBy.set(key, (this.openBy.get(key) ?? 0) + 1)
  }

  /** A connection that `opened` had counted is gone, to the last byte. */
  closed(address: string | undefined): void {
    this.openCount--
    if (address !== undefined) decrement(this.openBy, clientKey(address))
  }

  /**
   * A handshake or a connect has failed, by the client's fault.
   *
   * @param headers of its handshake: what a page does must not be held against its visitor
   */
  failed(address: string | undefined, headers?: Fields): void {
    const plain = address === undefined ? null : plainAddress(address)
    const by = headers === undefined ? '' : speaker(headers)
    if (plain !== null) this.records.failed(clientKey(plain) + by, this.parts.clock.now(), this.now)
  }

  /** As `failed`, where the head could not be read: behind a proxy nobody knows whose it was. */
  failedUnread(address: string | undefined): void {
    if (this.ownKeyOf(address) !== null) this.failed(address)
  }

  /** Counts somebody who was held back inside. */
  count(limit: LimitName): void {
    this.parts.count(limit)
  }

  private refusalOf(key: string, by: string, now: number): Refusal | undefined {
    const blocked = this.records.blockedFor(key + by, now, this.now)
    if (blocked > 0) return this.refuse('failures', blocked)
    if ((this.openBy.get(key) ?? 0) >= this.now.perAddress) return this.refuse('connections of an address', LATER)
    const wait = this.records.visit(key, now, this.now)
    return wait > 0 ? this.refuse('handshakes of an address', wait) : undefined
  }

  private refusalOfAll(): Refusal | undefined {
    const { vitals, now } = this
    if (this.openCount >= now.connections) return this.refuse('connections', LATER)
    if (vitals.rss() > this.memory || vitals.heapIsFull()) return this.refuse('memory', LATER)
    if (vitals.lag() > now.lag) return this.refuse('lag', 1_000)
    const wait = this.accepting.take()
    return wait > 0 ? this.refuse('handshakes', wait) : undefined
  }

  private refuse(id: AdmissionRefusalId, ms: number): Refusal {
    this.parts.count(id)
    const refusal = ADMISSION_REFUSALS[id]
    const spread = refusal.status === 503 ? this.parts.random.unit() * SPREAD : 0
    return withRetryAfter(refusal, ms + spread)
  }

  /** null: nobody, or one who speaks for many. */
  private ownKeyOf(address: string | undefined): string | null {
    const plain = address === undefined ? null : plainAddress(address)
    if (plain === null || this.proxies.trusts(plain) || this.announcers.has(plain)) return null
    return clientKey(plain)
  }

  private bucket(): TokenBucket {
    const { acceptRate } = this.now
    return new TokenBucket(this.parts.clock, { rate: acceptRate, burst: acceptRate })
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0
  if (count > 1) counts.set(key, count - 1)
  else counts.delete(key)
}

/**
 * Who speaks through an address, so far as failures go: each page for itself. A page can let its visitor's browser fail as
 * often as it likes, which must lock out neither the visitor nor everybody behind the same address. Who is no browser and
 * claims to be many pages gains nothing but more refusals, at `addressRate`.
 */
function speaker(headers: Fields): string {
  const origin = headers.get('origin')
  if (origin !== undefined) return ` ${origin.slice(0, LONGEST_ORIGIN)}`
  // A picture, a frame, a form of another site: no Origin, but a browser says whose it is (Fetch Metadata).
  const site = headers.get('sec-fetch-site')
  return site === undefined || site === 'none' || site === 'same-origin' ? '' : ' another site'
}
