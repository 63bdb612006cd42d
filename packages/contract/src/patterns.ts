// Patterns of a contract: which one holds for a channel, and how they relate. As in the rules of a server, `$user` is one
// segment too. Pure; whether a pattern is correct is wire's to say.

import { matchesPattern, moreSpecific } from '@tautline/wire'
import type { ChannelContract, Contract } from './contract.ts'

/** The same pattern with `*` for `$user`: what wire understands. */
export function plain(pattern: string): string {
  if (!pattern.includes('$user')) return pattern
  return pattern
    .split(':')
    .map((segment) => (segment === '$user' ? '*' : segment))
    .join(':')
}

/** The pattern of the channels that belong to both; null: there are none. */
export function intersection(a: string, b: string): string | null {
  const left = plain(a).split(':')
  const right = plain(b).split(':')
  const both: string[] = []
  for (let i = 0; ; i++) {
    const x = left[i]
    const y = right[i]
    if (x === undefined || y === undefined) return x === y ? both.join(':') : null
    if (x === '**') return [...both, ...right.slice(i)].join(':')
    if (y === '**') return [...both, ...left.slice(i)].join(':')
    if (x !== y && x !== '*' && y !== '*') return null
    both.push(x === '*' ? y : x)
  }
}

/** What a contract says of a channel; null: nothing. */
export function channelContract(
  contract: Contract,
  channel: string,
): { readonly pattern: string; readonly channel: ChannelContract } | null {
  let best: string | null = null
  for (const pattern of Object.keys(contract.channels)) {
    if (!matchesPattern(plain(pattern), channel)) continue
    if (best === null || moreSpecific(plain(pattern), plain(best)) < 0) best = pattern
  }
  return best === null ? null : { pattern: best, channel: contract.channels[best] as ChannelContract }
}
