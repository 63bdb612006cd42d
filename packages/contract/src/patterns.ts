// Patterns of a contract: which one holds for a channel, and how they relate. As in the rules of a server, `$user` is one
// segment too. Pure; whether a pattern is correct is wire's to say.

import { matchesPattern } from '@tautline/wire'
import type { ChannelContract, Contract } from './contract.ts'

const LITERAL = 0
const ONE = 1
const REST = 2

/** The same pattern with `*` for `$user`: what wire understands. */
export function plain(pattern: string): string {
  if (!pattern.includes('$user')) return pattern
  return pattern
    .split(':')
    .map((segment) => (segment === '$user' ? '*' : segment))
    .join(':')
}

/**
 * Orders patterns, the more specific first: segment by segment from the left, a literal before `*` before `**`. Of the
 * patterns of a contract that cover one channel, no two are equal in this order.
 */
export function moreSpecific(a: string, b: string): number {
  const left = a.split(':')
  const right = b.split(':')
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = kind(left[i]!) - kind(right[i]!)
    if (difference !== 0) return difference
  }
  return right.length - left.length
}

/** Does every channel of `inner` belong to `outer`, too? */
export function containsPattern(outer: string, inner: string): boolean {
  const left = plain(outer).split(':')
  const right = plain(inner).split(':')
  for (let i = 0; i < left.length; i++) {
    const asked = right[i]
    if (asked === undefined) return false
    if (left[i] === '**') return true
    if (left[i] !== asked && (left[i] !== '*' || asked === '**')) return false
  }
  return left.length === right.length
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
    if (best === null || moreSpecific(pattern, best) < 0) best = pattern
  }
  return best === null ? null : { pattern: best, channel: contract.channels[best] as ChannelContract }
}

function kind(segment: string): number {
  return segment === '**' ? REST : segment === '*' || segment === '$user' ? ONE : LITERAL
}
