// What a server's messages are made of, as predicates put together from small ones so that a client stays small: a shape
// is a table of a message's fields. A message is judged where it lies and not copied; fields that are not in the table
// stay in it, unseen.

import { unbase64url } from './base64url.ts'
import { WireError } from './errors.ts'
import type { Body, Json } from './types.ts'

/**
 * Is a value what it should be? Bytes become bytes on the way, whatever the codec.
 *
 * @throws WireError `malformed`, where a field within is not
 */
export type Is<T> = (value: unknown) => value is T

/** A predicate for each field. */
export type Shape<T> = {
  readonly [K in keyof T]-?: Is<Record<never, never> extends Pick<T, K> ? T[K] | undefined : T[K]>
}

/** A message before it is read. */
export type Unread = Readonly<Record<string, unknown>>

/** The longest text of a server but words for people, and bodies. */
const TEXT = 8192

export function malformed(field: string): never {
  throw new WireError('malformed', `${field} is missing or wrong`)
}

export const json: Is<Json> = (value): value is Json => value !== undefined
export const text: Is<string> = (value): value is string => typeof value === 'string' && value.length <= TEXT
export const prose: Is<string> = (value): value is string => typeof value === 'string'
export const flag: Is<boolean> = (value): value is boolean => typeof value === 'boolean'

/** A whole number that is not negative. */
export const whole: Is<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** How long, ms: never worth a connection that it has a fraction. */
export const span: Is<number> = (value): value is number => Number.isFinite(value) && (value as number) >= 0

/** May be absent. */
export function maybe<T>(is: Is<T>): Is<T | undefined> {
  return (value): value is T | undefined => value === undefined || is(value)
}

export function nullable<T>(is: Is<T>): Is<T | null> {
  return (value): value is T | null => value === null || is(value)
}

/** One of some texts. */
export function oneOf<T>(...values: readonly T[]): Is<T> {
  return (value): value is T => values.includes(value as T)
}

export function list<T>(is: Is<T>): Is<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(is)
}

/** Is it a map (not a list, not bytes)? */
export function isMap(value: unknown): value is Unread {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** A map with the fields of a table. */
export function map<T>(shape: Shape<T>): Is<T> {
  const fields: [string, Is<unknown>][] = Object.entries(shape)
  return (value): value is T & Unread => isMap(value) && fields.every(([key, is]) => is(value[key]) || malformed(key))
}

/** A map with the fields of a table and a body. Bytes are copied: they do not keep the frame. */
export function carrying<T>(shape: Shape<T>): Is<T & Body> {
  const is = map(shape)
  return (value): value is T & Body => {
    if (!is(value)) return false
    const carrier = value as { data?: unknown; bytes?: unknown }
    const { data, bytes } = carrier
    if (bytes === undefined) return data !== undefined || malformed('data')
    carrier.bytes = readBytes(bytes)
    return (data === undefined && carrier.bytes !== null) || malformed('bytes')
  }
}

/** The bytes of a value of either codec, fresh; null where there are none. */
export function readBytes(value: unknown): Uint8Array | null {
  // Not slice(): a Buffer's does not copy.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  return typeof value === 'string' ? unbase64url(value) : null
}
