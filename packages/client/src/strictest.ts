// What the server is asked for when several subscriptions share one attachment: nobody is to miss what it counts on.

import type { Policy, Sub } from '@tautline/wire'
import type { SubscribeOptions } from './subscription.ts'

/** The fewer messages a policy may leave out, the higher. Unnamed, it is the channel's own: lossless if nothing else. */
function rank(policy: Policy | undefined): number {
  if (policy === 'lossless') return 5
  if (policy === undefined) return 4
  if (policy === 'disconnect') return 3
  return policy === 'latest' ? 2 : 1
}

function stricter(a: Policy | undefined, b: Policy | undefined): Policy | undefined {
  if (typeof a === 'object' && typeof b === 'object') return a.drop >= b.drop ? a : b
  return rank(a) >= rank(b) ? a : b
}

/** The terms that suit all of them. */
export function strictest<T>(options: readonly SubscribeOptions<T>[]): Omit<Sub, 'ch' | 'from'> {
  const [first, ...others] = options
  if (first === undefined) return {}
  let policy = first.policy
  for (const other of others) policy = stricter(policy, other.policy)
  const token = options.findLast((of) => of.token !== undefined)?.token
  return {
    ...(policy === undefined ? null : { policy }),
    ...(token === undefined ? null : { token }),
    ...(options.some((of) => of.presence === true) ? { presence: true } : null),
    ...(options.every((of) => of.conflate === true) ? { conflate: true } : null),
  }
}
