// The public face: what an application makes, attaches to its HTTP server, and publishes through.

import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { MemoryBroker, MemoryPresence } from '@tautline/broker'
import type { Bearing, CallMethod, Contract, ContractOf, NoContract, StreamMethod } from '@tautline/contract'
import type { TlsReload } from '@tautline/websocket'
import {
  checkChannel,
  type HistoryPage,
  type Json,
  type Member,
  type MembersPage,
  type Position,
  type Published,
  RealtimeError,
  storeBody,
  systemClock,
  systemRandom,
} from '@tautline/wire'
import { checkHook, checkQuery, checkReason, checkUser } from './arguments.ts'
import type {
  Anything,
  Naming,
  NotCalling,
  NotNaming,
  PageOf,
  ProcedureOf,
  Publishable,
  StreamProcedureOf,
} from './contract/types.ts'
import { isCode } from './control.ts'
import type { Link, LinkRequest } from './link.ts'
import type { Metrics, Sample } from './metrics.ts'
import { Node } from './node.ts'
import type {
  AuthorizeHook,
  CallHook,
  ConnectHook,
  DisconnectHook,
  PublishHook,
  RealtimeOptions,
  TokenHook,
} from './options.ts'
import { withoutCookies } from './origins/cookies.ts'
import { Origins } from './origins/origins.ts'
import {
  type ChannelsQuery,
  type ChannelView,
  type ConnectionsQuery,
  type ConnectionView,
  channelsOf,
  connectionsOf,
  factsOf,
  type Listed,
  type NodeFacts,
  type PageQuery,
} from './overview.ts'
import { bodyOf, type PublishOptions, publishOwn } from './publishing/own.ts'
import { type RevokeOptions, type RevokeTarget, readRevoke } from './revocation/revocation.ts'
import type { Procedure } from './rpc/calls.ts'
import { type Rule, Rules } from './rules/rules.ts'
import { readObject } from './rules/settings.ts'
import { readHistory } from './session/queries.ts'
import { Session } from './session/session.ts'
import { readOptions } from './settings.ts'
import { type ListenOptions, Ports } from './transports/ports.ts'

/** At most one of `after` and `before`; `limit` is 100 where it is left out. */
export interface PageBounds {
  readonly limit?: number
  readonly after?: Position
  readonly before?: Position
}

/** What can be changed while a server runs. */
export type RealtimeChange = Pick<RealtimeOptions, 'channels' | 'allow' | 'origins' | 'admission'>

const CHANGEABLE = ['channels', 'allow', 'origins', 'admission'] as const satisfies readonly (keyof RealtimeChange)[]

/** A realtime server, or one node of several that share a broker. Made by `createRealtime`. */
export class Realtime<C extends Contract = NoContract> implements Bearing<C> {
  /** A type, no value. */
  declare readonly '~contract'?: C
  private readonly node: Node
  private options: RealtimeOptions
  private readonly origins: Origins
  private readonly ports: Ports
  private closed = false

  /** @internal Use `createRealtime`. */
  constructor(given: RealtimeOptions) {
    const options = readOptions(given)
    const clock = options.clock ?? systemClock
    const random = options.random ?? systemRandom
    const broker = options.broker ?? new MemoryBroker({ clock, random })
    const presence = options.presence ?? new MemoryPresence({ clock })
    this.options = options
    this.node = new Node(options, { broker, presence, clock, random })
    this.origins = new Origins(options, clock, this.node.log)
    const accept = (link: Link, request: LinkRequest): void => this.accept(link, request)
    this.ports = new Ports({ node: this.node, origins: this.origins, options, accept })
  }

  /** The name of this node. */
  get name(): string {
    return this.node.name
  }

  /** Open connections, and channels that somebody hears. */
  get stats(): { readonly connections: number; readonly channels: number; readonly waitingBytes: number } {
    const { connections, hubs, appender } = this.node
    return { connections, channels: hubs.size, waitingBytes: appender.waitingBytes }
  }

  /** What this node is, and what it takes. */
  get facts(): NodeFacts {
    return factsOf(this.node)
  }

  /** A page of this node's open connections. */
  connections(query: ConnectionsQuery = {}): Listed<ConnectionView> {
    return connectionsOf(this.node, query)
  }

  /** A page of the channels that somebody on this node hears. */
  channels(query: ChannelsQuery = {}): Listed<ChannelView> {
    return channelsOf(this.node, query)
  }

  /** Decides who a client is. One hook: the last one set. Without it nobody is let in, unless `allow` says 'everyone'. */
  onConnect(hook: ConnectHook): this {
    checkHook('onConnect', hook)
    this.node.hooks.connect = hook
    return this
  }

  /** Decides who may do what, before the rules of the channels are asked. Without it the rules decide alone. */
  authorize(hook: AuthorizeHook): this {
    checkHook('authorize', hook)
    this.node.hooks.authorize = hook
    return this
  }

  /** Reads tokens for single channels, where a rule allows something to 'token'. */
  onToken(hook: TokenHook): this {
    checkHook('onToken', hook)
    this.node.hooks.token = hook
    return this
  }

  /** Hears of the end of every connection that had been let in. */
  onDisconnect(hook: DisconnectHook): this {
    checkHook('onDisconnect', hook)
    this.node.hooks.disconnect = hook
    return this
  }

  /** Checks what clients publish, and may change it. What the server publishes itself does not pass here. */
  onPublish(hook: PublishHook): this {
    checkHook('onPublish', hook)
    this.node.hooks.publish = hook
    return this
  }

  /**
   * Answers calls of clients: `client.call(method, data)`. An async generator answers `client.stream` with several results.
   *
   * @throws TypeError when the method has a handler already
   */
  rpc<R, M extends CallMethod<ContractOf<R>>>(this: R, method: M, handler: ProcedureOf<R, M>): R
  rpc<R, M extends StreamMethod<ContractOf<R>>>(this: R, method: M, handler: StreamProcedureOf<R, M>): R
  rpc<R, M extends string>(this: NotCalling<R, M>, method: M, handler: Procedure): R
  rpc(method: string, handler: Procedure): this {
    this.node.procedures.register(method, handler)
    return this
  }

  /** Answers calls of methods that have no handler: `(method, data, context) => result`, undefined for 'not-found'. */
  onCall(hook: CallHook): this {
    checkHook('onCall', hook)
    this.node.procedures.fallback = hook
    return this
  }

  /**
   * Takes other rules, without dropping anybody: subscriptions that are not allowed any more end with `unsub`, all else
   * goes on. Other `origins` are asked for connections to come.
   *
   * @throws SettingError, and nothing has changed
   */
  update(change: RealtimeChange): this {
    const known = readObject('update()', change, CHANGEABLE)
    const options = readOptions({ ...this.options, ...(known as RealtimeChange) })
    const rules = new Rules(options.channels, { window: this.node.window, allow: options.allow })
    this.options = options
    this.origins.update(options)
    this.node.admission.update(options.admission)
    this.node.reconfigure(rules)
    return this
  }

  /** @internal Where parts that are installed count: hooks to a backend. */
  get counters(): Pick<Metrics, 'count' | 'gauge'> {
    return this.node.metrics
  }

  /** What was counted and measured so far, for Prometheus or a page of your own. */
  metrics(): readonly Sample[] {
    return this.node.metrics.snapshot()
  }

  /**
   * Publishes to a channel, and resolves when it is stored at the broker's durability.
   *
   * @param data JSON, or bytes, which are taken over
   * @throws RealtimeError `bad-request` (channel, key, state), `bad-data`, `too-large`, `key-conflict`, `unavailable`;
   *   `unknown`: it may have been stored
   */
  async publish<R, N extends string>(
    this: Naming<R, N>,
    channel: N,
    data: Publishable<R, N>,
    options?: PublishOptions,
  ): Promise<Published>
  async publish<R, N extends string>(
    this: NotNaming<R, N>,
    channel: N,
    data: Anything,
    options?: PublishOptions,
  ): Promise<Published>
  async publish(channel: string, data: unknown, options: PublishOptions = {}): Promise<Published> {
    return publishOwn(this.node, this.ruleOf(channel), channel, bodyOf(data as Anything), options)
  }

  /**
   * A page of a channel's log, in its order.
   *
   * @throws RealtimeError `not-found` when the position is not in the log (any more)
   */
  async history<R, N extends string>(this: Naming<R, N>, channel: N, query?: PageBounds): Promise<PageOf<R, N>>
  async history<R, N extends string>(this: NotNaming<R, N>, channel: N, query?: PageBounds): Promise<HistoryPage>
  async history(channel: string, query: PageBounds = {}): Promise<unknown> {
    return readHistory(this.node, channel, this.ruleOf(channel), checkQuery(query))
  }

  /** Everybody in a channel with presence, on all nodes. */
  async presenceOf(channel: string): Promise<readonly Member[]> {
    const members: Member[] = []
    let after: string | undefined
    do {
      const page = await this.membersOf(channel, after === undefined ? {} : { after })
      members.push(...page.members)
      after = page.next
    } while (after !== undefined)
    return members
  }

  /**
   * A page of who is in a channel, ordered by peer.
   *
   * @param query at most `limit` (the server's `limits.members`), behind `after`: the `next` of the page before
   */
  async membersOf(channel: string, query: PageQuery = {}): Promise<MembersPage> {
    if (!this.ruleOf(channel).presence)
      throw new RealtimeError('unsupported', `the rule of "${channel}" has no presence`)
    const { limit = this.node.limits.members, after } = query
    return this.node.presences.page(channel, after, limit)
  }

  /** A message to every connection of a user, wherever it is. Nobody there: nothing happens. */
  async send(user: string, data: Json | Uint8Array): Promise<void> {
    checkUser(user)
    const body = bodyOf(data)
    storeBody(body, this.node.limits)
    await this.node.everywhere({ op: 'send', user, body })
  }

  /** Subscribes every connection of a user, as it is now. For those to come, say so in `onConnect`. */
  async subscribe(user: string, channel: string): Promise<void> {
    checkUser(user)
    this.ruleOf(channel)
    await this.node.everywhere({ op: 'subscribe', user, channel })
  }

  async unsubscribe(user: string, channel: string): Promise<void> {
    checkUser(user)
    checkName(channel)
    await this.node.everywhere({ op: 'unsubscribe', user, channel })
  }

  /**
   * Ends every connection of a user.
   *
   * @param code 4000 to 4499; 4401 (the default) tells the clients to stay away
   * @throws RangeError for other codes: they would not say what the clients shall do
   */
  async disconnect(user: string, code = 4401, reason = 'disconnected by the application'): Promise<void> {
    if (!isCode(code)) throw new RangeError(`a code of tautline.v1 is a whole number from 4000 to 4499, not ${code}`)
    checkUser(user)
    checkReason(reason)
    await this.node.everywhere({ op: 'disconnect', user, code, reason })
  }

  /**
   * Revokes what a user was given until now, one token by its id, or one connection. It ends the connections that it
   * concerns, on every node (4201: they come back with another token), and refuses such tokens until `until`. It survives
   * whatever the broker survives.
   *
   * @returns when it is stored
   * @throws SettingError, RealtimeError `bad-request`; `unavailable`, `unknown`: it may not be stored, and is obeyed only
   *   by the nodes that heard of it; `limit`: too many hold at the same time
   */
  async revoke(target: RevokeTarget, options: RevokeOptions = {}): Promise<void> {
    await this.node.revocations.add(readRevoke(target, options, this.node.storeTime()))
  }

  /** Serves WebSockets on an application's HTTP server; everything else stays the application's. */
  attach(server: HttpServer | HttpsServer): this {
    this.ports.attach(server)
    return this
  }

  /**
   * Listens on a port of its own, with the engine's strict and lighter handshake.
   *
   * @returns the port, once it is open
   */
  async listen(options: ListenOptions): Promise<number> {
    return this.ports.listen(options)
  }

  /**
   * New connections to the ports of `listen` with TLS get these keys and certificates; open ones stay.
   *
   * @throws Error when the material is unusable: nothing has changed then
   */
  reloadTls(tls: TlsReload): void {
    this.ports.reloadTls(tls)
  }

  /** Takes over an open connection of any transport. */
  accept(link: Link, request: LinkRequest): void {
    if (this.closed) link.close(1001, 'the server is stopping')
    else new Session(this.node, link, this.options.cookies === true ? request : withoutCookies(request))
  }

  /** Says goodbye to everybody (they come back elsewhere, or later), and gives up what it holds. The broker stays open. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const session of Array.from(this.node.allSessions)) session.disconnect(1001, 'the server is stopping')
    this.node.hubs.stop()
    this.node.health.stop()
    this.node.revocations.stop()
    this.node.admission.stop()
    this.node.unlisten()
    await Promise.all([this.node.presences.stop(), this.ports.close()])
  }

  private ruleOf(channel: string): Rule {
    checkName(channel)
    const rule = this.node.rules.for(channel)
    if (rule !== null) return rule
    throw new RealtimeError('forbidden', `no pattern in the option "channels" matches ${JSON.stringify(channel)}`)
  }
}

/**
 * Makes a realtime server: `createRealtime().attach(httpServer)`.
 *
 * @throws TypeError, RangeError, SettingError saying which option is wrong and what to write instead
 */
export function createRealtime<const C extends Contract = NoContract>(
  options: RealtimeOptions & { readonly contract?: C } = {},
): Realtime<C> {
  return new Realtime<C>(options)
}

function checkName(channel: string): void {
  const problem = checkChannel(channel)
  if (problem !== null) throw new RealtimeError('bad-request', `the channel ${JSON.stringify(channel)} ${problem}`)
}
