// What the server is asked for when several subscriptions share one attachment: nobody is to miss what it counts on.

import type { Policy, Sub } from '@tautline/wire'
import type { SubscribeOptions } from './subscription.ts'

/** The fewer messages a policy may leave out, the later. Unnamed, it is the channel's own: lossless if nothing else. */
const ORDER: readonly (Policy | undefined)[] = ['latest', 'disconnect', undefined, 'lossless']

/** How much a policy keeps: { drop } comes before all others, the more it lets wait the later. */
function rank(policy: Policy | undefined): number {
  return typeof policy === 'object' ? -1 / policy.drop : ORDER.indexOf(policy)
}

/** The terms that suit all of them. What is undefined is left out on the wire. */
export function strictest<T>(
  options: readonly SubscribeOptions<T>[],
): Omit<Sub, 'ch' | 'from' | 'token'> & Pick<SubscribeOptions<T>, 'token'> {
  return {
    policy: options.toSorted((a, b) => rank(b.policy) - rank(a.policy))[0]?.policy,
    token: options.findLast((of) => of.token)?.token,
    presence: options.some((of) => of.presence) || undefined,
    conflate: (options.length > 0 && options.every((of) => of.conflate)) || undefined,
  } as ReturnType<typeof strictest>
}
