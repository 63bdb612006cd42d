// What a revocation says, and how it is written into the log and between nodes. What is read is checked like what a
// client sends: a store is a network, and not all of it is ours.

import { type Json, RealtimeError } from '@tautline/wire'
import { userProblem } from '../arguments.ts'
import { readObject, shown } from '../rules/settings.ts'

/** Whom it concerns: everything a user was given before it, one token by its id, one connection by its name. */
export type RevokeTarget = { readonly user: string } | { readonly token: string } | { readonly connection: string }

export interface RevokeOptions {
  /**
   * ms since 1970 until which it is remembered: when the longest-lived token that it concerns has expired anyway. Default
   * in 30 days, at most in 366.
   */
  readonly until?: number
}

/** One revocation. */
export interface Revocation {
  readonly by: 'user' | 'token' | 'connection'
  /** The user, the token's id, or the connection. */
  readonly name: string
  /** ms since 1970: a user's tokens that were issued before are void. */
  readonly at: number
  /** ms since 1970: it need not be known any longer. */
  readonly until: number
}

/** Characters of a token's id, and of a connection's name. */
export const LONGEST_ID = 256
const KINDS = ['user', 'token', 'connection'] as const
const DAY = 86_400_000
const DEFAULT_LIFE = 30 * DAY
/** ms for which a revocation may be remembered: so long the log is kept. */
export const LONGEST_LIFE: number = 366 * DAY
/** A connection has one name once: it is remembered only until every node has heard of it. */
const CONNECTION_LIFE = 60_000
/** Below it a moment is meant in seconds, as tokens write it: in ms it would lie before 1974. */
const SECONDS = 100_000_000_000

/**
 * What an application asks for.
 *
 * @throws SettingError, RealtimeError `bad-request` saying what to write instead
 */
export function readRevoke(target: RevokeTarget, options: RevokeOptions, now: number): Revocation {
  const given = readObject('revoke()', target, KINDS)
  const { until } = readObject('revoke() options', options, ['until'])
  const named = KINDS.filter((kind) => given[kind] !== undefined)
  const [by] = named
  if (by === undefined || named.length > 1) {
    throw bad(`revoke() takes one of { user }, { token } and { connection }, not ${shown(target)}`)
  }
  const name = given[by]
  const problem = by === 'user' ? userProblem(name) : idProblem(by, name)
  if (problem !== null) throw bad(problem, by)
  const life = by === 'connection' ? CONNECTION_LIFE : DEFAULT_LIFE
  return { by, name: name as string, at: now, until: until === undefined ? now + life : readUntil(until, now) }
}

function readUntil(until: unknown, now: number): number {
  if (Number.isSafeInteger(until) && (until as number) > now && (until as number) <= now + LONGEST_LIFE) {
    return until as number
  }
  const meant = typeof until === 'number' ? Math.ceil(until) * 1_000 : 0
  const hint = meant > now && meant <= now + LONGEST_LIFE ? `: write ${meant}` : ''
  throw bad(`until must be ms since 1970, after now and at most 366 days ahead, not ${shown(until)}${hint}`, 'until')
}

function idProblem(by: string, name: unknown): string | null {
  if (isId(name)) return null
  return `${by} must be text of 1 to ${LONGEST_ID} characters, not ${shown(name)}`
}

function bad(message: string, field?: string): RealtimeError {
  return new RealtimeError('bad-request', message, field === undefined ? {} : { field })
}

/** As a token's id, or a connection's name, must be to be revoked. */
export function isId(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= LONGEST_ID && name.isWellFormed()
}

export function writeRevocation({ by, name, at, until }: Revocation): Json {
  return { by, name, at, until }
}

/** The same for the same on every node (FNV-1a tells the names of one moment apart). */
export function keyOf({ by, name, at }: Revocation): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return `${by}.${at.toString(36)}.${(hash >>> 0).toString(36)}`
}

/** @returns null for anything that is not a revocation */
export function readRevocation(value: unknown): Revocation | null {
  const { by, name, at, until } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (!KINDS.includes(by as Revocation['by']) || !Number.isSafeInteger(at) || !Number.isSafeInteger(until)) return null
  if (by === 'user' ? userProblem(name) !== null : !isId(name)) return null
  return { by: by as Revocation['by'], name: name as string, at: at as number, until: until as number }
}

/** @returns what is wrong with a grant's `token`, and what to write; null: nothing. One that is wrong could not be revoked */
export function tokenProblem(token: unknown): string | null {
  if (token === undefined) return null
  if (typeof token !== 'object' || token === null || Array.isArray(token)) {
    return `token must be an object such as { id, issued }, not ${shown(token)}`
  }
  const { id, issued } = token as Readonly<Record<string, unknown>>
  if (id !== undefined && !isId(id)) return `token.id must be text of 1 to ${LONGEST_ID} characters, not ${shown(id)}`
  // Between 2001 and 5138 in seconds; in ms it would lie before 1974.
  const isSeconds = typeof issued === 'number' && issued >= SECONDS / 100 && issued < SECONDS
  if (issued === undefined || (Number.isSafeInteger(issued) && !isSeconds)) return null
  const hint = isSeconds ? `: write ${Math.floor(issued) * 1_000}` : ''
  return `token.issued must be ms since 1970, not ${shown(issued)}${hint}`
}
