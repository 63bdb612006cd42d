// What a node lends to its revocations: its store, its clock, its places where entries wait.

import type { Append } from '@tautline/broker'
import type { Node } from '../node.ts'
import type { Revocation } from './revocation.ts'
import type { RevocationsContext } from './revocations.ts'

/** ms after which an append that still waits is not stored any more. */
const PATIENCE = 30_000
/** No user's and no client's keys. */
const SCOPE = 'revocations'

/** @param tell another node hears of it at most once */
export function lend(
  node: Node,
  tell: (revocation: Revocation) => void,
  revoked: (revocation: Revocation) => void,
): RevocationsContext {
  return {
    broker: node.broker,
    clock: node.clock,
    window: node.window,
    storeTime: () => node.storeTime(),
    watch: (asked) => node.health.watch(asked),
    append: (channel, rule, json, key, settle) => {
      const expires = node.storeTime() + PATIENCE
      const append: Append = { id: node.ids.next(), scope: SCOPE, hash: key ?? '', expires, body: { json } }
      node.appender.append(channel, rule, key === undefined ? append : { ...append, key }, settle, never)
    },
    tell,
    revoked,
  }
}

const never = (): boolean => false
