// What an application may see of one node: its open connections and the channels that somebody hears, in pages, and what
// the node is. It changes nothing, and speaks for no other node.

import type { Durability } from '@tautline/broker'
import { checkPattern, type Limits, matchesPattern, RealtimeError } from '@tautline/wire'
import type { Node } from './node.ts'
import { readObject, shown } from './rules/settings.ts'

/** An open connection. */
export interface ConnectionView {
  /** Its name, the same for its client. */
  readonly connection: string
  readonly user?: string
  /** The client's pseudonym, as its publications and presence show it. */
  readonly peer: string
  readonly address?: string
  readonly codec: string
  /** Channels and patterns it is subscribed to. */
  readonly channels: number
}

/** A channel, or a pattern, that somebody on this node hears. */
export interface ChannelView {
  readonly channel: string
  readonly subscribers: number
}

/** Which part of a list. Lists are in the order of their names. */
export interface PageQuery {
  /** At most so many: 1 to 1,000, default 100. */
  readonly limit?: number
  /** Only what comes behind this name: the `next` of the page before. */
  readonly after?: string
}

export interface ConnectionsQuery extends PageQuery {
  /** Only those of this user. */
  readonly user?: string
}

export interface ChannelsQuery extends PageQuery {
  /** Only channels of this pattern; a name is one too. */
  readonly pattern?: string
  /** Only those for which it answers true. */
  readonly where?: (channel: string) => boolean
}

/** A page of a list; `next` is absent on the last one. */
export interface Listed<T> {
  readonly items: readonly T[]
  readonly next?: string
}

/** What a node is, and what it takes. */
export interface NodeFacts {
  /** What an acknowledged publication survives. */
  readonly durability: Durability
  /** false: the store's settings could not be read, its durability is what was configured. */
  readonly verified: boolean
  /** ms for which an idempotency key is recognised. */
  readonly window: number
  readonly limits: Limits
  /** false: the store is out of reach. */
  readonly healthy: boolean
}

const PAGE = 100
const LONGEST_PAGE = 1_000

export function factsOf(node: Node): NodeFacts {
  const { durability, verified } = node.broker.facts()
  return { durability, verified, window: node.window, limits: node.limits, healthy: node.health.ok }
}

/** @throws SettingError, RealtimeError `bad-request` */
export function connectionsOf(node: Node, query: ConnectionsQuery): Listed<ConnectionView> {
  const { user } = readObject('connections()', query, ['user', 'limit', 'after'])
  return pageOf(query, shownConnections(node, user))
}

function* shownConnections(node: Node, user: unknown): Iterable<[string, () => ConnectionView]> {
  for (const session of node.allSessions) {
    if (!session.isOpen || (user !== undefined && session.user !== user)) continue
    const { conn, peer } = session
    yield [
      conn,
      (): ConnectionView => ({
        connection: conn,
        ...(session.user === undefined ? null : { user: session.user }),
        peer,
        ...(session.request.remoteAddress === undefined ? null : { address: session.request.remoteAddress }),
        codec: session.codec.name,
        channels: session.attachments.size,
      }),
    ]
  }
}

/** @throws SettingError, RealtimeError `bad-request` */
export function channelsOf(node: Node, query: ChannelsQuery): Listed<ChannelView> {
  readObject('channels()', query, ['pattern', 'where', 'limit', 'after'])
  const { pattern } = query
  const problem = pattern === undefined ? null : checkPattern(pattern)
  if (problem !== null) throw bad('pattern', `${shown(pattern)} ${problem}`)
  return pageOf(query, heardChannels(node, query))
}

function* heardChannels(node: Node, { pattern, where }: ChannelsQuery): Iterable<[string, () => ChannelView]> {
  for (const { channel, members } of node.hubs.all) {
    // A hub outlives its last subscriber for a while.
    if (members === 0 || (pattern !== undefined && !matchesPattern(pattern, channel))) continue
    if (where !== undefined && !where(channel)) continue
    yield [channel, (): ChannelView => ({ channel, subscribers: members })]
  }
}

/** The first of a list behind `after`, by name. Looks at each once and keeps no more than a page: lists may be long. */
function pageOf<T>(query: PageQuery, named: Iterable<[string, () => T]>): Listed<T> {
  const { limit = PAGE, after = '' } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE) {
    throw bad('limit', `limit must be a whole number from 1 to ${LONGEST_PAGE}, not ${shown(limit)}`)
  }
  if (typeof after !== 'string') throw bad('after', `after must be the "next" of the page before, not ${shown(after)}`)
  const kept: [string, () => T][] = []
  let more = false
  for (const one of named) {
    if (one[0] <= after) continue
    if (kept.length === limit) {
      more = true
      if (one[0] > (kept.at(-1) as [string, unknown])[0]) continue
      kept.pop()
    }
    kept.splice(placeOf(one[0], kept), 0, one)
  }
  const last = kept.at(-1)
  const items = kept.map(([, view]) => view())
  return more && last !== undefined ? { items, next: last[0] } : { items }
}

/** Where a name belongs in a sorted list. */
function placeOf(name: string, sorted: readonly (readonly [string, unknown])[]): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as readonly [string, unknown])[0] < name) low = middle + 1
    else high = middle
  }
  return low
}

function bad(field: string, message: string): RealtimeError {
  return new RealtimeError('bad-request', message, { field })
}
