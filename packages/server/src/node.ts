// One server process: what its sessions share, and the registries by which they are found. It decides nothing.

import { type Broker, EntryIds, type PresenceStore } from '@tautline/broker'
import {
  type Body,
  base64url,
  type Clock,
  isPattern,
  LIMITS,
  type Limits,
  type MembersPush,
  type Random,
} from '@tautline/wire'
import { Admission } from './admission/admission.ts'
import { Expiries } from './auth/expiries.ts'
import { Messages } from './contract/messages.ts'
import { readContractOption } from './contract/option.ts'
import { guardOf } from './contract/procedures.ts'
import { isNodeName, type Order, readOrder, writeOrder } from './control.ts'
import { textOf } from './error-text.ts'
import { Health } from './health.ts'
import { Turn } from './hub/fan-out.ts'
import { Hubs } from './hub/hubs.ts'
import { MembersUnit } from './hub/unit.ts'
import { type Counter, Metrics } from './metrics.ts'
import type { Hooks, Log, RealtimeOptions } from './options.ts'
import { Presences } from './presence/presences.ts'
import { Appender } from './publishing/appender.ts'
import { Holders, isOlder } from './revocation/holders.ts'
import { lend } from './revocation/lend.ts'
import type { Revocation } from './revocation/revocation.ts'
import { isReserved, Revocations } from './revocation/revocations.ts'
import { Procedures } from './rpc/calls.ts'
import { type Compress, compressOf } from './rules/compress.ts'
import { Rules } from './rules/rules.ts'
import { Heartbeat } from './session/heartbeat.ts'
import type { Session } from './session/session.ts'
import { type Sharing, sharingOf } from './sharing.ts'

/** The most that the rings of all channels hold together, in bytes. */
const RING_BYTES = 67_108_864
const DEFAULT_WINDOW = 300_000

/** What an application's parts give a node. */
export interface NodeParts {
  readonly broker: Broker
  readonly presence: PresenceStore
  readonly clock: Clock
  readonly random: Random
}

export class Node {
  readonly name: string
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  /** Replaced as a whole when the configuration changes. */
  rules: Rules
  readonly limits: Limits
  /** The idempotency window, ms. */
  readonly window: number
  readonly health: Health
  readonly admission: Admission
  readonly hubs: Hubs
  readonly appender: Appender
  readonly presences: Presences
  readonly procedures: Procedures = new Procedures()
  /** null: there is no contract. */
  readonly messages: Messages | null
  readonly heartbeat: Heartbeat
  /** When tokens end. */
  readonly expiries: Expiries
  readonly holders: Holders<Session> = new Holders()
  readonly revocations: Revocations
  readonly ids: EntryIds
  readonly hooks: Hooks = { connect: null, authorize: null, token: null, publish: null, disconnect: null }
  readonly log: Log
  readonly metrics: Metrics = new Metrics()
  /** Counted on the hot path: publications taken, and publications given to subscribers. */
  readonly publications: Counter = this.metrics.counter('tautline_publications_total')
  readonly deliveries: Counter = this.metrics.counter('tautline_deliveries_total')
  private readonly compresses: boolean
  private readonly sharing: Sharing | null
  private readonly sessions: Map<string, Session> = new Map()
  private readonly users: Map<string, Set<Session>> = new Map()
  /** Stops hearing other nodes. */
  readonly unlisten: () => void
  /** A presence push is the same for everybody: it is encoded once. */
  private readonly membersUnits: WeakMap<object, MembersUnit> = new WeakMap()

  constructor(options: RealtimeOptions, parts: NodeParts) {
    const { broker, presence, clock, random } = parts
    this.broker = broker
    this.clock = clock
    this.random = random
    this.name = options.node ?? base64url(random.bytes(6))
    this.log = quietly(options.log)
    this.limits = { ...LIMITS, ...options.limits }
    this.window = Math.min(options.window ?? DEFAULT_WINDOW, broker.facts().window)
    this.rules = new Rules(options.channels, { window: this.window, allow: options.allow })
    this.admission = new Admission(options.admission, {
      clock,
      random,
      count: (limit) => this.metrics.count('tautline_limited_total', 1, limit),
    })
    this.health = new Health(clock, (ok) => this.tellHealth(ok))
    this.compresses = options.compression !== undefined && options.compression !== false
    this.sharing = sharingOf(options.compression)
    const turn = new Turn(clock)
    this.hubs = new Hubs({
      ...{ broker, clock, random, turn, health: this.health, ringBytes: RING_BYTES },
      isOwned: (channel) => isReserved(channel) || this.rules.isOwned(channel),
      compressOf: this.compresses ? (channel) => this.compressOf(channel) : () => 'never',
      sharing: this.sharing,
    })
    this.appender = new Appender(broker, this.health)
    this.presences = new Presences({
      store: presence,
      node: this.name,
      clock,
      random,
      onFailure: (error) => this.log('presence store failed', { error: textOf(error) }),
    })
    const contract = readContractOption(options.contract)
    this.messages = contract && new Messages(contract, clock, this.limits)
    this.procedures.guard = contract && guardOf(contract, clock)
    this.heartbeat = new Heartbeat(clock, options.heartbeat ?? {}, () => this.sessions.values())
    this.ids = new EntryIds(random)
    this.expiries = new Expiries(clock)
    this.revocations = new Revocations(
      lend(
        this,
        (revocation) => this.tellOthers({ op: 'revoke', revocation }),
        (revocation) => this.revoked(revocation),
      ),
    )
    this.measure()
    this.unlisten = broker.control.listen(this.name, (bytes) => {
      const order = readOrder(bytes, this.limits, this.name)
      if (order !== null) this.obey(order)
    })
  }

  /** Other rules for everybody, from now on: what they do not allow any more ends. */
  reconfigure(rules: Rules): void {
    this.rules = rules
    for (const session of Array.from(this.sessions.values())) {
      session.access.forget()
      session.attachments.decideAgain()
    }
  }

  /** The store's clock, ms since 1970: what `expires` is compared with there. */
  storeTime(): number {
    return this.broker.time?.() ?? this.clock.wall()
  }

  get connections(): number {
    return this.sessions.size
  }

  get allSessions(): Iterable<Session> {
    return this.sessions.values()
  }

  add(session: Session): void {
    this.sessions.set(session.conn, session)
    this.heartbeat.start()
  }

  /** Once it is known who it is. */
  addUser(session: Session, user: string): void {
    const known = this.users.get(user)
    if (known === undefined) this.users.set(user, new Set([session]))
    else known.add(session)
  }

  /** Has the user as many connections as it may? One that replaces another one of its own, which lives, is none more. */
  isFullFor(user: string, replaces?: { readonly conn: string; readonly secret: string }): boolean {
    if ((this.users.get(user)?.size ?? 0) < this.admission.settings.perUser) return false
    const replaced = replaces && this.sessions.get(replaces.conn)
    return replaced?.user !== user || replaced.secret !== replaces?.secret
  }

  remove(session: Session): void {
    this.sessions.delete(session.conn)
    this.holders.end(session)
    if (this.sessions.size === 0) {
      this.heartbeat.stop()
      this.revocations.rest()
    }
    const { user } = session
    const its = user === undefined ? undefined : this.users.get(user)
    if (user === undefined || its === undefined) return
    its.delete(session)
    if (its.size === 0) this.users.delete(user)
  }

  /** Tells the application that a connection that it had let in is over. */
  sayGoodbye(session: Session, code: number): void {
    try {
      this.hooks.disconnect?.(session.who, session.conn, code)
    } catch (error) {
      this.log('hook failed', { error: textOf(error) })
    }
  }

  /** Does something with a user's or a connection's sessions, here and on every other node. */
  async everywhere(order: Order): Promise<void> {
    this.obey(order)
    await this.broker.control.send('*', writeOrder(order, this.name))
  }

  /** Ends a connection that another one replaces, wherever it is. */
  replace(conn: string, secret: string): void {
    const node = conn.split('~', 1)[0] as string
    const order: Order = { op: 'replace', conn, secret }
    if (node === this.name) this.obey(order)
    // What a client says must not reach but one node.
    else if (isNodeName(node)) void this.broker.control.send(node, writeOrder(order, this.name)).catch(() => {})
  }

  /** The frame-sharing form of what presence tells the watchers of a channel. */
  membersUnit(channel: string, push: Omit<MembersPush, 'ev' | 'ch'>): MembersUnit {
    let unit = this.membersUnits.get(push)
    if (unit === undefined) {
      unit = new MembersUnit({ ev: 'members', ch: channel, ...push })
      this.membersUnits.set(push, unit)
    }
    return unit
  }

  /** What of a channel or pattern may be compressed, as the rules and hooks are now. */
  private compressOf(channel: string): Compress {
    const isHooked = this.hooks.authorize !== null
    if (isPattern(channel)) {
      const found = this.rules.forPattern(channel)
      return found === null ? 'never' : compressOf(found.reached, true, isHooked)
    }
    const rule = this.rules.for(channel)
    return rule === null ? 'never' : compressOf([rule], false, isHooked)
  }

  private measure(): void {
    const { metrics, sharing } = this
    metrics.gauge('tautline_connections', () => this.sessions.size)
    metrics.gauge('tautline_users', () => this.users.size)
    metrics.gauge('tautline_channels', () => this.hubs.size)
    metrics.gauge('tautline_waiting_bytes', () => this.appender.waitingBytes)
    metrics.gauge('tautline_store_up', () => (this.health.ok ? 1 : 0))
    if (sharing === null) return
    const { tally } = sharing
    metrics.gauge('tautline_shared_members', () => tally.members)
    metrics.gauge('tautline_shared_units_total', () => tally.units)
    metrics.gauge('tautline_shared_resets_total', () => tally.resets)
    metrics.gauge('tautline_shared_bytes_total', () => tally.sentBytes)
    metrics.gauge('tautline_shared_plain_bytes_total', () => tally.plainBytes)
  }

  private obey(order: Order): void {
    if (order.op === 'replace') {
      const session = this.sessions.get(order.conn)
      if (session?.secret === order.secret) session.bye('replaced')
      return
    }
    if (order.op === 'revoke') return this.revocations.hear(order.revocation)
    for (const session of Array.from(this.users.get(order.user) ?? [])) this.obeyFor(session, order)
  }

  /** Those who do not hear of it now find it in the log. */
  private tellOthers(order: Order): void {
    void this.broker.control.send('*', writeOrder(order, this.name), this.name).catch(() => {})
  }

  /** Ends what a revocation concerns. */
  private revoked(revocation: Revocation): void {
    for (const session of this.concernedBy(revocation)) {
      this.metrics.count('tautline_revocations_total')
      if (revocation.by === 'token') session.revoke(revocation.name)
      else session.bye('token-revoked')
    }
  }

  private concernedBy(revocation: Revocation): Iterable<Session> {
    const { by, name } = revocation
    if (by === 'token') return this.holders.of(name)
    if (by === 'user') return Array.from(this.users.get(name) ?? []).filter((session) => isOlder(session, revocation))
    const session = this.sessions.get(name)
    return session === undefined ? [] : [session]
  }

  private obeyFor(session: Session, order: Exclude<Order, { op: 'replace' | 'revoke' }>): void {
    if (order.op === 'send') session.tell(order.body as Body)
    else if (order.op === 'subscribe') session.attachments.addServerSide(order.channel)
    else if (order.op === 'unsubscribe') session.attachments.dismiss(order.channel)
    else if (order.op === 'disconnect') session.disconnect(order.code, order.reason)
  }

  private tellHealth(ok: boolean): void {
    this.log(ok ? 'store is back' : 'store is out of reach', {})
    for (const session of this.sessions.values()) session.push({ ev: 'health', ok })
  }
}

/** A logger that fails is no reason to fail. */
function quietly(log: Log | undefined): Log {
  return (event, fields) => {
    try {
      log?.(event, fields)
    } catch {}
  }
}
