// What the server itself publishes: no right is asked, the rule and the contract hold as for everybody.

import type { Body, Json, Published } from '@tautline/wire'
import { checkPublishOptions } from '../arguments.ts'
import type { Node } from '../node.ts'
import type { Rule } from '../rules/rules.ts'
import { publish } from './publish.ts'
import { reviewOwn } from './review.ts'

/** Scope of the server's own idempotency keys. */
const SERVER_SCOPE = 'server'

export interface PublishOptions {
  /** Idempotency key: publishing again with it gives the first position. 1 to 64 printable ASCII characters. */
  readonly key?: string
  /** State key, for the policy `latest`; 1 to 128 bytes. */
  readonly state?: string
  /** Whose key it is: the same key of another scope is another one. 1 to 128 characters. Default: the server's. */
  readonly scope?: string
}

/** @throws RealtimeError */
export async function publishOwn(
  node: Node,
  rule: Rule,
  channel: string,
  body: Body,
  options: PublishOptions,
): Promise<Published> {
  const { key, state, scope } = checkPublishOptions(options, node.limits)
  const asked = reviewOwn(node, channel, body, key !== undefined)
  const reviewed = asked instanceof Promise ? await asked : asked
  const { promise, resolve, reject } = Promise.withResolvers<Published>()
  const whose = scope === undefined ? SERVER_SCOPE : `${SERVER_SCOPE} ${scope}`
  publish(node, { channel, rule, ...reviewed, scope: whose, key, state }, (outcome) => {
    if (outcome instanceof Error) reject(outcome)
    else resolve(outcome)
  })
  return promise
}

export function bodyOf(data: Json | Uint8Array): Body {
  return data instanceof Uint8Array ? { bytes: data } : { data }
}
