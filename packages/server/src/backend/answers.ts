// Reads what a backend answers. What is wrong is named by its field, never by its value: answers may hold secrets. Pure.

import { checkChannel, checkPattern, isErrorCode, type Json, nearest, RealtimeError } from '@tautline/wire'
import { ACTIONS, type Grant, type Right } from '../options.ts'
import { shown } from '../rules/settings.ts'
import { Trouble } from './trouble.ts'

/** Characters of what a client is told. */
const LONGEST_TEXT = 500
const LONGEST_USER = 1_024
const MOST_AFTER = 3_600_000

type Fields<K extends string> = Readonly<Partial<Record<K, unknown>>>

/** @throws Trouble, or the RealtimeError the backend answered with */
export function readGrant(answer: unknown): Grant {
  const known = ['user', 'info', 'expires', 'channels', 'rights', 'claims', 'token'] as const
  const { user, info, expires, channels, rights, claims, token } = fieldsOf(answer, known)
  if (user !== undefined) need('user', isText(user, LONGEST_USER), `text of 1 to ${LONGEST_USER} characters`, user)
  if (expires !== undefined) need('expires', isTime(expires), 'whole ms since 1970', expires)
  if (claims !== undefined) need('claims', isObject(claims), 'an object', claims)
  return {
    ...(user === undefined ? null : { user: user as string }),
    ...(info === undefined ? null : { info: info as Json }),
    ...(expires === undefined ? null : { expires: expires as number }),
    ...(channels === undefined ? null : { channels: readNames('channels', channels, checkChannel) }),
    ...(rights === undefined ? null : { rights: readRights(rights) }),
    ...(claims === undefined ? null : { claims: claims as Record<string, Json> }),
    ...(token === undefined ? null : { token: readToken(token) }),
  }
}

/** @throws Trouble, or the RealtimeError the backend answered with */
export function readDecision(answer: unknown): boolean {
  return readAllow(fieldsOf(answer, ['allow']))
}

/**
 * What is published instead, or undefined: what came.
 *
 * @throws Trouble, or the RealtimeError the backend answered with; `forbidden` where it only said no
 */
export function readPublish(answer: unknown): Json | Uint8Array | undefined {
  const fields = fieldsOf(answer, ['allow', 'data', 'bytes'])
  if (!readAllow(fields)) throw new RealtimeError('forbidden', 'you may not publish this here')
  return 'data' in fields || 'bytes' in fields ? readBody(fields, 'data') : undefined
}

/** @throws Trouble, or the RealtimeError the backend answered with */
export function readResult(answer: unknown): Json | Uint8Array {
  const fields = fieldsOf(answer, ['result', 'bytes'])
  if ('result' in fields || 'bytes' in fields) return readBody(fields, 'result')
  throw malformed('result', 'is missing: answer { "result": … }, or { "error": { "code": … } }')
}

function readAllow({ allow }: Fields<'allow'>): boolean {
  if (allow === undefined) throw malformed('allow', 'is missing: answer { "allow": true } or { "allow": false }')
  need('allow', typeof allow === 'boolean', 'true or false', allow)
  return allow as boolean
}

function readBody<K extends string>(fields: Fields<K | 'bytes'>, name: K): Json | Uint8Array {
  if (!('bytes' in fields)) return fields[name] as Json
  if (name in fields) throw malformed('bytes', `and ${name} exclude each other`)
  const { bytes } = fields as Fields<'bytes'>
  const isBase64 = typeof bytes === 'string' && bytes.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bytes)
  need('bytes', isBase64, 'base64', bytes)
  return new Uint8Array(Buffer.from(bytes as string, 'base64'))
}

function readRights(given: unknown): Right[] {
  need('rights', Array.isArray(given), 'a list', given)
  return (given as unknown[]).map((one, i) => {
    const path = `rights[${i}]`
    const { channels, actions } = keysOf(one, ['channels', 'actions'], path)
    const list = typeof channels === 'string' ? [channels] : channels
    const names = readNames(`${path}.channels`, list, checkPattern)
    if (actions === undefined) return { channels: names }
    need(`${path}.actions`, Array.isArray(actions), 'a list', actions)
    const wrong = (actions as unknown[]).findIndex((action) => !(ACTIONS as readonly unknown[]).includes(action))
    if (wrong >= 0) throw malformed(`${path}.actions[${wrong}]`, `must be one of ${ACTIONS.join(', ')}`)
    return { channels: names, actions: actions as NonNullable<Right['actions']> }
  })
}

function readToken(given: unknown): NonNullable<Grant['token']> {
  const { id, issued } = keysOf(given, ['id', 'issued'], 'token')
  if (id !== undefined) need('token.id', isText(id, LONGEST_USER), `text of 1 to ${LONGEST_USER} characters`, id)
  if (issued !== undefined) need('token.issued', isTime(issued), 'whole ms since 1970', issued)
  return {
    ...(id === undefined ? null : { id: id as string }),
    ...(issued === undefined ? null : { issued: issued as number }),
  }
}

function readNames(path: string, given: unknown, check: (name: string) => string | null): string[] {
  need(path, Array.isArray(given), 'a list', given)
  for (const [i, one] of (given as unknown[]).entries()) {
    need(`${path}[${i}]`, typeof one === 'string', 'text', one)
    const problem = check(one as string)
    if (problem !== null) throw malformed(`${path}[${i}]`, problem)
  }
  return given as string[]
}

/** The keys of an answer. An `error` among them is thrown, and stands alone. */
function fieldsOf<K extends string>(answer: unknown, known: readonly K[]): Fields<K> {
  const fields = keysOf<string>(answer, [...known, 'error'], '')
  if (fields['error'] === undefined) return fields as Fields<K>
  const others = Object.keys(fields).filter((key) => key !== 'error' && !(key === 'allow' && fields[key] === false))
  if (others.length > 0) throw malformed('error', `and ${others.join(', ')} exclude each other`)
  throw readError(fields['error'])
}

function readError(given: unknown): RealtimeError {
  const { code, message, after, field } = keysOf(given, ['code', 'message', 'after', 'field'], 'error')
  if (typeof code !== 'string' || !isErrorCode(code)) {
    throw malformed('error.code', "must be a code of tautline.v1, such as 'unauthorized' or 'forbidden'")
  }
  if (message !== undefined)
    need('error.message', isText(message, LONGEST_TEXT), `text of 1 to ${LONGEST_TEXT} characters`, message)
  if (field !== undefined)
    need('error.field', isText(field, LONGEST_TEXT), `text of 1 to ${LONGEST_TEXT} characters`, field)
  if (after !== undefined)
    need('error.after', isTime(after) && (after as number) <= MOST_AFTER, `ms from 0 to ${MOST_AFTER}`, after)
  return new RealtimeError(code, message as string | undefined, {
    after: after as number | undefined,
    field: field as string | undefined,
  })
}

/** Unknown keys are refused: `expire` for `expires` would let somebody in for ever. */
function keysOf<K extends string>(given: unknown, known: readonly K[], path: string): Fields<K> {
  if (!isObject(given)) throw malformed(path, `must be an object with ${known.join(', ')}, not ${kindOf(given)}`)
  for (const key of Object.keys(given)) {
    if ((known as readonly string[]).includes(key)) continue
    const near = nearest(key, known)
    throw malformed(
      path,
      `has an unknown key ${shown(key)}: ${near === null ? `known are ${known.join(', ')}` : `did you mean '${near}'?`}`,
    )
  }
  return given as Fields<K>
}

function need(path: string, isRight: boolean, what: string, value: unknown): void {
  if (!isRight) throw malformed(path, `must be ${what}, not ${kindOf(value)}`)
}

function malformed(path: string, problem: string): Trouble {
  return new Trouble('malformed', `the answer${path === '' ? '' : `'s ${path}`} ${problem}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown, max: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= max && value.isWellFormed()
}

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** A value's kind, without the value. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return (
    { string: 'this text', number: 'this number', boolean: String(value), object: 'an object' }[
      typeof value as string
    ] ?? 'nothing'
  )
}
