// Checks what an application gives to a server's functions, before anything is made of it: what is stored or sent in a
// shape that no client can read would break every reader of its channel, again and again. Pure; it knows no channel.

import { checkPattern, type Limits, type Position, RealtimeError } from '@tautline/wire'
import { ACTIONS, type Right } from './options.ts'
import type { PublishOptions } from './publishing/own.ts'
import { readObject, shown } from './rules/settings.ts'
import type { HistoryQuery } from './session/queries.ts'

/** Characters of a user's name: no node takes longer ones from another. */
const LONGEST_USER = 1_024
/** Characters of a reason, as of a user. A close frame has room for 123 bytes of it, `bye` for all. */
const LONGEST_REASON = 1_024
/** Bytes of the name of a scope. */
const LONGEST_SCOPE = 128
/** Items of a page where nothing is said. */
const PAGE = 100

/** @throws TypeError: a hook that is none would let everybody in */
export function checkHook(name: string, hook: unknown): void {
  if (typeof hook === 'function') return
  throw new TypeError(`${name}() must be given a function, not ${shown(hook)}`)
}

/** @throws SettingError for an option that is not one, RealtimeError `bad-request` for one that no client could read */
export function checkPublishOptions(given: PublishOptions, limits: Limits): PublishOptions {
  const { key, state, scope } = readObject('publish()', given, ['key', 'state', 'scope'])
  if (key !== undefined && !isKey(key, limits.key)) {
    const what = `must be 1 to ${limits.key} printable ASCII characters without space, not ${shown(key)}`
    throw new RealtimeError('bad-request', `key ${what}: write a hash of what is longer`, { field: 'key' })
  }
  if (state !== undefined && !isText(state, limits.state)) {
    throw new RealtimeError('bad-request', `state must be text of 1 to ${limits.state} bytes, not ${shown(state)}`, {
      field: 'state',
    })
  }
  if (scope !== undefined && !isText(scope, LONGEST_SCOPE)) {
    throw new RealtimeError('bad-request', `scope must be text of 1 to ${LONGEST_SCOPE} bytes, not ${shown(scope)}`, {
      field: 'scope',
    })
  }
  return given
}

/** @throws SettingError, RealtimeError `bad-request` */
export function checkQuery(given: Partial<HistoryQuery>): HistoryQuery {
  const { limit = PAGE, after, before } = readObject('history()', given, ['limit', 'after', 'before'])
  if (!Number.isSafeInteger(limit) || (limit as number) < 1) {
    const problem = `limit must be a whole number from 1 on, not ${shown(limit)}`
    throw new RealtimeError('bad-request', problem, { field: 'limit' })
  }
  if (after !== undefined && before !== undefined) {
    throw new RealtimeError('bad-request', 'after and before exclude each other', { field: 'before' })
  }
  for (const [field, position] of Object.entries({ after, before })) {
    if (position === undefined || isPosition(position)) continue
    const problem = `${field} must be a position, as publish and history give them, not ${shown(position)}`
    throw new RealtimeError('bad-request', problem, { field })
  }
  return { ...given, limit: limit as number }
}

/** @throws RealtimeError `bad-request` */
export function checkUser(user: unknown): void {
  const problem = userProblem(user)
  if (problem !== null) throw new RealtimeError('bad-request', problem, { field: 'user' })
}

/** @returns what is wrong with the name of a user, and what to write; null: nothing */
export function userProblem(user: unknown): string | null {
  if (typeof user === 'string' && user !== '' && user.length <= LONGEST_USER && user.isWellFormed()) return null
  const hint = typeof user === 'number' || typeof user === 'bigint' ? `: write '${user}'` : ''
  return `user must be text of 1 to ${LONGEST_USER} characters, not ${shown(user)}${hint}`
}

/** @returns what is wrong with a list of rights, and what to write; null: nothing */
export function rightsProblem(rights: unknown): string | null {
  if (rights === undefined) return null
  if (!Array.isArray(rights)) return `rights must be a list such as [{ channels: 'chat:*' }], not ${shown(rights)}`
  for (const right of rights as readonly Partial<Right>[]) {
    const { channels, actions = ACTIONS } = right ?? {}
    const named: readonly unknown[] = Array.isArray(channels) ? channels : [channels]
    const strange = named.find((one) => typeof one !== 'string' || checkPattern(one) !== null)
    if (named.length === 0 || strange !== undefined || channels === undefined) {
      return `rights: channels must be channels or patterns, not ${shown(channels)}`
    }
    const unknown = Array.isArray(actions) ? actions.find((one) => !ACTIONS.includes(one)) : actions
    if (unknown !== undefined) return `rights: actions are ${ACTIONS.join(', ')}, not ${shown(unknown)}`
  }
  return null
}

/** @throws RangeError */
export function checkReason(reason: unknown): void {
  if (typeof reason === 'string' && reason.length <= LONGEST_REASON && reason.isWellFormed()) return
  throw new RangeError(`the reason must be text of at most ${LONGEST_REASON} characters, not ${shown(reason)}`)
}

function isKey(value: unknown, max: number): boolean {
  return typeof value === 'string' && value.length <= max && /^[\x21-\x7e]+$/.test(value)
}

function isText(value: unknown, max: number): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && Buffer.byteLength(value) <= max
}

function isPosition(value: unknown): value is Position {
  const { epoch, offset, id } = (value ?? {}) as Readonly<Record<string, unknown>>
  return typeof epoch === 'string' && typeof id === 'string' && Number.isSafeInteger(offset) && (offset as number) >= 0
}
