// Hooks that ask a backend in any language, by signed HTTP requests: who a client is, what it may do, what it publishes,
// what its calls give. What the requests say is fixed here; how they get there, in endpoint.ts.

import { isPattern, type Json, matchesPattern, RealtimeError, type Timer } from '@tautline/wire'
import type { Metrics } from '../metrics.ts'
import type {
  AuthorizeHook,
  CallHook,
  ConnectHook,
  ConnectRequest,
  DisconnectHook,
  Grant,
  PublishHook,
  Who,
} from '../options.ts'
import { readDecision, readGrant, readPublish, readResult } from './answers.ts'
import { Complaints } from './complaints.ts'
import { Endpoint, type Question, type Reader } from './endpoint.ts'
import { type BackendOptions, type BackendSettings, type HookEvent, readBackendOptions } from './options.ts'
import { Signer } from './signature.ts'
import { TROUBLES, Trouble, type TroubleKind } from './trouble.ts'

/** What hooks are installed in: a Realtime. */
export interface HookHost {
  onConnect(hook: ConnectHook): unknown
  authorize(hook: AuthorizeHook): unknown
  onPublish(hook: PublishHook): unknown
  onCall(hook: CallHook): unknown
  onDisconnect(hook: DisconnectHook): unknown
  /** Where it is counted what became of the questions. */
  readonly counters?: Pick<Metrics, 'count' | 'gauge'>
}

/** Questions by what became of them: 'ok', 'retried' (besides), 'dropped' (nobody was told), or a kind of trouble. */
export type HookOutcome = TroubleKind | 'ok' | 'retried' | 'dropped'

/** ms that a client waits before it asks again, where nothing is known. */
const AGAIN = 1_000
/** ms. It never comes to that. */
const HOLD = 60_000

/** A backend that is asked. Made by `backend`. */
export class Backend {
  private readonly settings: BackendSettings
  private readonly endpoints: Map<HookEvent, Endpoint> = new Map()
  private readonly outcomes: Map<HookOutcome, number> = new Map()
  private readonly complaints: Complaints
  private counters: HookHost['counters'] = undefined

  /** @internal Use `backend`. */
  constructor(options: BackendOptions) {
    const { keys, ...settings } = readBackendOptions(options)
    // An object that is printed shows what it holds: the keys are in the signer alone, which does not.
    this.settings = { ...settings, keys: [] }
    this.complaints = new Complaints(settings.clock, settings.log)
    const signer = new Signer(keys)
    const parts = {
      settings: this.settings,
      signer,
      complaints: this.complaints,
      count: (outcome: HookOutcome) => this.count(outcome),
    }
    for (const [event, its] of settings.events) this.endpoints.set(event, new Endpoint(its, parts))
  }

  /** Sets the server's hooks, for the events that are configured. Hooks that were set before are replaced. */
  install(realtime: HookHost): this {
    const { endpoints } = this
    this.counters = realtime.counters
    this.counters?.gauge('tautline_hooks_pending', () => this.pending)
    if (endpoints.has('connect')) realtime.onConnect((request) => this.connect(request))
    if (endpoints.has('subscribe') || endpoints.has('publish')) {
      realtime.authorize((who, action, channel, token) => this.authorize(who, action, channel, token))
    }
    if (endpoints.has('publish')) realtime.onPublish((who, channel, said) => this.publish(who, channel, said))
    if (endpoints.has('rpc')) realtime.onCall((method, argument, context) => this.call(method, argument, context))
    if (endpoints.has('disconnect')) realtime.onDisconnect((who, conn, code) => this.disconnect(who, conn, code))
    return this
  }

  /** Questions so far by their outcome, and those that have none yet. */
  get stats(): { readonly outcomes: Readonly<Partial<Record<HookOutcome, number>>>; readonly pending: number } {
    return { outcomes: Object.fromEntries(this.outcomes), pending: this.pending }
  }

  /**
   * After the server was closed: waits until the backend knows who left, then sends nothing more.
   *
   * @param patience ms
   */
  async close(patience = 5_000): Promise<void> {
    const { clock } = this.settings
    // A process whose last business this is must not end before it: timers of a Clock do not hold it.
    const hold = setInterval(() => {}, HOLD)
    let timer: Timer
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimer(resolve, patience)
    })
    await Promise.race([late, Promise.all(Array.from(this.endpoints.values(), (endpoint) => endpoint.idle()))])
    clock.clearTimer(timer)
    clearInterval(hold)
    for (const endpoint of this.endpoints.values()) endpoint.close()
  }

  private get pending(): number {
    let pending = 0
    for (const endpoint of this.endpoints.values()) pending += endpoint.pending
    return pending
  }

  private async connect({ headers, remoteAddress, origin, token }: ConnectRequest): Promise<Grant> {
    const shown: Record<string, string> = {}
    for (const name of this.settings.headers) {
      const value = headers.get(name)
      if (value !== undefined) shown[name] = value
    }
    const body = { type: 'connect', address: remoteAddress, origin, headers: shown, token }
    return this.ask('connect', { body, who: remoteAddress ?? '' }, readGrant)
  }

  /** Reading is one event: who may subscribe gets the history anyway. The backend is told which action, all the same. */
  private authorize(
    who: Who,
    action: Parameters<AuthorizeHook>[1],
    channel: string,
    token: string | undefined,
  ): boolean | undefined | Promise<boolean> {
    // Each publication is decided on by itself.
    if (action === 'publish') return this.covers('publish', channel) ? true : undefined
    if (!this.covers('subscribe', channel)) return undefined
    const body = { type: 'subscribe', action, channel, ...personOf(who), token }
    return this.ask('subscribe', { body, who: nameOf(who) }, readDecision)
  }

  private publish(
    who: Who,
    channel: string,
    said: Json | Uint8Array,
  ): undefined | Promise<Json | Uint8Array | undefined> {
    if (!this.covers('publish', channel)) return undefined
    const body = { type: 'publish', channel, ...personOf(who), ...bodyOf(said) }
    return this.ask('publish', { body, who: nameOf(who) }, readPublish)
  }

  private async call(
    method: string,
    argument: Json | Uint8Array | undefined,
    context: Who & { readonly signal: AbortSignal },
  ): Promise<Json | Uint8Array> {
    const body = { type: 'rpc', method, ...personOf(context), ...bodyOf(argument) }
    return this.ask('rpc', { body, who: nameOf(context), signal: context.signal }, readResult)
  }

  private disconnect(who: Who, conn: string, code: number): void {
    const body = { type: 'disconnect', ...personOf(who), conn, code }
    // Nobody waits for it, and nobody is told: the log is, and the metrics.
    this.endpoints
      .get('disconnect')
      ?.ask({ body, who: '' }, () => {})
      .catch(() => this.count('dropped'))
  }

  private covers(event: 'subscribe' | 'publish', channel: string): boolean {
    const endpoint = this.endpoints.get(event)
    if (endpoint === undefined) return false
    const { channels } = endpoint.event
    // A subscription to a pattern may hear some of them.
    return (
      channels === null || isPattern(channel) || channels.some((one) => one === channel || matchesPattern(one, channel))
    )
  }

  private async ask<T>(event: HookEvent, question: Question, read: Reader<T>): Promise<T> {
    try {
      return await (this.endpoints.get(event) as Endpoint).ask(question, read)
    } catch (error) {
      throw error instanceof Trouble ? told(event, error) : error
    }
  }

  private count(outcome: HookOutcome): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
    this.counters?.count('tautline_hooks_total', 1, outcome)
  }
}

/**
 * Hooks that ask a backend: `backend({ url, secret, events: { connect: true } }).install(realtime)`.
 *
 * @throws SettingError saying which option is wrong and what to write instead
 */
export function backend(options: BackendOptions): Backend {
  return new Backend(options)
}

/** What the client learns: never more than that it was not its fault, and when to come again. */
function told(event: HookEvent, { kind, after }: Trouble): RealtimeError {
  if (event === 'rpc' && kind === 'cancelled') return new RealtimeError('cancelled')
  if (event === 'rpc' && kind === 'timeout') return new RealtimeError('timeout', 'the backend did not answer in time')
  // It may have been done: whether once more does harm is for whoever called to say.
  if (event === 'rpc' && TROUBLES[kind].maybe) return new RealtimeError('unknown', 'the backend gave no answer')
  if (kind === 'overloaded' || kind === 'busy') {
    return new RealtimeError('overloaded', 'the backend has too much to do', { after: after ?? AGAIN })
  }
  return new RealtimeError('unavailable', 'the backend cannot decide this now', { after: after ?? AGAIN })
}

/** Who shares the places: a user's connections do. */
function nameOf({ user, peer }: Who): string {
  return user === undefined ? `peer ${peer}` : `user ${user}`
}

function personOf({ user, peer, info }: Who): Record<string, unknown> {
  return { user, peer, info }
}

function bodyOf(said: Json | Uint8Array | undefined): Record<string, unknown> {
  return said instanceof Uint8Array ? { bytes: Buffer.from(said).toString('base64') } : { data: said ?? null }
}
