// Does somebody fulfil what a rule asks for? Pure.

import { containsPattern, isPattern, type Json, matchesPattern } from '@tautline/wire'
import type { Action, Grant, Right } from '../options.ts'
import type { AllowOne } from '../rules/allow.ts'
import type { Rule } from '../rules/rules.ts'

/** What somebody wants to do. */
export interface Wish {
  readonly action: Action
  /** A channel; for `subscribe`, or a pattern. */
  readonly channel: string
}

/** All that can be said without a token for the channel. */
export function fulfils(grant: Grant, one: AllowOne, wish: Wish): boolean {
  if (one === 'everyone') return true
  if (one === 'users') return grant.user !== undefined
  if (one === 'rights') return (grant.rights ?? []).some((right) => covers(right, wish))
  return one !== 'token' && hasClaims(grant.claims ?? {}, one.claims)
}

/** Does a right hold for it? A right to some channels is none to a pattern that matches more. */
export function covers({ channels, actions }: Right, { action, channel }: Wish): boolean {
  if (actions !== undefined && !actions.includes(action)) return false
  const named: readonly string[] = typeof channels === 'string' ? [channels] : channels
  return named.some((pattern) =>
    isPattern(channel) ? containsPattern(pattern, channel) : pattern === channel || matchesPattern(pattern, channel),
  )
}

/** A channel of `$user` is there for the user whose id stands in it. An id with ':' stands in none. */
export function isOwner({ owner }: Rule, channel: string, user: string | undefined): boolean {
  if (owner.length === 0) return true
  const segments = channel.split(':')
  return user !== undefined && owner.every((i) => segments[i] === user)
}

function hasClaims(claims: Readonly<Record<string, Json>>, asked: Readonly<Record<string, Json>>): boolean {
  return Object.entries(asked).every(
    ([name, value]) => Object.hasOwn(claims, name) && isOne(claims[name] as Json, value),
  )
}

/** Equal, or one in the other's list. Objects are never equal: a rule compares words and numbers. */
function isOne(claim: Json, asked: Json): boolean {
  const has: readonly Json[] = Array.isArray(claim) ? claim : [claim]
  const wanted: readonly Json[] = Array.isArray(asked) ? asked : [asked]
  return wanted.some((one) => typeof one !== 'object' && has.includes(one))
}
