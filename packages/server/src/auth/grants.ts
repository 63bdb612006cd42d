// What the claims of a good token give: who it is, what it may do. A claim that is not what it must be gives nothing at
// all. It knows no signature.

import { checkChannel, checkPattern, isPattern, type Json, matchesPattern } from '@tautline/wire'
import { userProblem } from '../arguments.ts'
import { ACTIONS, type Action, type Grant, type Right, type TokenRight, type Who } from '../options.ts'
import { refused } from './refusals.ts'
import type { JwtSettings } from './settings.ts'
import type { Verified } from './verifier.ts'

/** Rights in a token, names in a right. */
const MOST = 1_000

/** @throws RealtimeError `unauthorized` */
export function grantOf({ claims, expires, issued, id }: Verified, names: JwtSettings['claims']): Grant {
  const all = claims as Readonly<Record<string, unknown>>
  const user = own(all, names.user)
  const info = own(all, names.info)
  const rights = own(all, names.rights)
  const channels = own(all, names.channels)
  if (user !== undefined && userProblem(user) !== null) throw refused('claims')
  if (channels !== undefined && !isList(channels, (name) => typeof name === 'string' && checkChannel(name) === null)) {
    throw refused('claims')
  }
  return {
    ...(user === undefined ? null : { user: user as string }),
    ...(info === undefined ? null : { info: info as Json }),
    expires,
    ...(channels === undefined ? null : { channels: channels as string[] }),
    ...(rights === undefined ? null : { rights: readRights(rights) }),
    claims: claims as Readonly<Record<string, Json>>,
    token: nameOf(id, issued),
  }
}

/** @throws RealtimeError `unauthorized`: for another user, for another channel */
export function rightOf(verified: Verified, channel: string, who: Who): TokenRight {
  const { expires, issued, id } = verified
  const { channel: its, sub, actions } = verified.claims as Readonly<Record<string, unknown>>
  if (typeof its !== 'string' || checkPattern(its) !== null) throw refused('claims')
  if (sub !== undefined && sub !== who.user) throw refused('user')
  if (its !== channel && (isPattern(channel) || !matchesPattern(its, channel))) throw refused('channel')
  const right: TokenRight = { channels: its, expires, token: nameOf(id, issued) }
  return actions === undefined ? right : { ...right, actions: readActions(actions) }
}

/** By what it may be revoked. */
function nameOf(id: string | undefined, issued: number | undefined): NonNullable<Grant['token']> {
  return { ...(id === undefined ? null : { id }), ...(issued === undefined ? null : { issued }) }
}

function readRights(value: unknown): readonly Right[] {
  if (!isList(value, () => true)) throw refused('claims')
  return (value as unknown[]).map((one) => {
    const { channels, actions } = (one ?? {}) as Readonly<Record<string, unknown>>
    const names = Array.isArray(channels) ? channels : [channels]
    if (!isList(names, (name) => typeof name === 'string' && checkPattern(name) === null)) throw refused('claims')
    const right: Right = { channels: names as string[] }
    return actions === undefined ? right : { ...right, actions: readActions(actions) }
  })
}

function readActions(value: unknown): readonly Action[] {
  if (!isList(value, (action) => (ACTIONS as readonly unknown[]).includes(action))) throw refused('claims')
  return value as Action[]
}

function isList(value: unknown, isGood: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MOST && value.every(isGood)
}

/** A claim by a name of the configuration; what every object has is none. */
function own(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims[name] ?? undefined) : undefined
}
