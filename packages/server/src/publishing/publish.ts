// From what somebody wants to say to what a broker stores: the same path for clients and for the server itself.

import { createHash } from 'node:crypto'
import type { Append, Cast } from '@tautline/broker'
import { type Body, type Published, type Publisher, RealtimeError, type StoredBody, storeBody } from '@tautline/wire'
import type { Node } from '../node.ts'
import type { Rule } from '../rules/rules.ts'

/** A client's clock may be ahead of ours by so much, and a key's last use comes so long before the window's end, ms. */
const SKEW = 60_000

/** Something to be published, its right already checked. */
export interface Outgoing {
  readonly channel: string
  readonly rule: Rule
  readonly body: Body
  /** The body's form for the store, where it is known already. */
  readonly stored?: StoredBody | undefined
  /** What the publisher itself said, where something else is stored: by it the key is recognised. */
  readonly said?: StoredBody | undefined
  readonly key?: string | undefined
  /** ms since the key's first transmission. */
  readonly age?: number | undefined
  /** Whose key it is. */
  readonly scope: string
  readonly state?: string | undefined
  readonly from?: Publisher | undefined
  /** Did something fail meanwhile that it must not overtake? */
  readonly isAborted?: () => boolean
}

type Settle = (outcome: Published | RealtimeError) => void

const never = (): boolean => false

/** Publishes, and tells how it went: exactly once, in the order of the channel; at once where it is refused. */
export function publish(node: Node, outgoing: Outgoing, settle: Settle): void {
  const { publications } = node
  const counted: Settle = (outcome) => {
    if (!(outcome instanceof Error)) publications.value++
    settle(outcome)
  }
  const { channel, rule, key, state, from } = outgoing
  let body: StoredBody
  let expires: number
  try {
    body = outgoing.stored ?? storeBody(outgoing.body, node.limits)
    expires = expiryOf(node, rule, outgoing.age ?? 0)
  } catch (error) {
    settle(error as RealtimeError)
    return
  }
  const said = {
    id: node.ids.next(),
    ...(key === undefined ? null : { key }),
    ...(state === undefined ? null : { state }),
    ...(from === undefined ? null : { from }),
    body,
  }
  if (rule.log === null) {
    cast(node, channel, { ...said, at: node.clock.wall() }, counted)
    return
  }
  const hash = key === undefined ? '' : digest(channel, outgoing.said ?? body, state)
  const append: Append = { ...said, scope: outgoing.scope, hash, expires }
  node.appender.append(channel, rule.log, append, counted, outgoing.isAborted ?? never)
}

/** "The server refuses since > now + 60 s (bad-request) and now − since > window − 60 s (key-expired)." */
function expiryOf(node: Node, rule: Rule, age: number): number {
  const window = rule.log?.window ?? node.window
  if (age < -SKEW) throw new RealtimeError('bad-request', 'since lies in the future', { field: 'since' })
  const left = Math.max(window - SKEW, window / 2) - age
  if (left < 0) throw new RealtimeError('key-expired')
  // The store compares with its own clock: no other may be meant.
  return node.storeTime() + left
}

function cast(node: Node, channel: string, said: Cast, settle: (outcome: Published | RealtimeError) => void): void {
  node.health.watch(node.broker.cast(channel, said)).then(
    () => settle({ position: null }),
    (error) => settle(error instanceof RealtimeError ? error : new RealtimeError('unavailable')),
  )
}

/** The same key with another digest is a conflict. */
function digest(channel: string, body: StoredBody, state: string | undefined): string {
  const hash = createHash('sha256').update(`${channel}\n${state === undefined ? '' : `=${state}`}\n`)
  hash.update(body.json === undefined ? body.bytes : body.json)
  return hash.digest('base64url').slice(0, 22)
}
