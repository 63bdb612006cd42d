// Readers of what a server says, put together from small ones so that a client stays small: a shape is a table of a
// message's fields. The first thing that is wrong throws a WireError; fields that are not in the table are left behind.

import { unbase64url } from './base64url.ts'
import { WireError } from './errors.ts'
import type { Body, Json } from './types.ts'

/** Reads one value. @throws WireError `malformed` */
export type Read<T> = (value: unknown, field: string) => T

/** A reader for each field. */
export type Shape<T> = { readonly [K in keyof T]-?: Read<Exclude<T[K], undefined>> }

/** A message before it is read. */
export type Unread = Readonly<Record<string, unknown>>

/** Bounds of what a server, which is no enemy, may say. */
const TEXT = 8192

/** No list of a server is longer. */
const LIST = 65_536

export function malformed(field: string): never {
  throw new WireError('malformed', `${field} is missing or wrong`)
}

/** Whatever it is. */
export const any: Read<never> = (value) => value as never
export const json: Read<Json> = (value, field) => (value === undefined ? malformed(field) : (value as Json))
export const text: Read<string> = (value, field) =>
  typeof value === 'string' && value.length <= TEXT ? value : malformed(field)
export const flag: Read<boolean> = (value, field) => (typeof value === 'boolean' ? value : malformed(field))

/** A whole number that is not negative. */
export const whole: Read<number> = (value, field) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : malformed(field)

/** How long, ms: never worth a connection that it has a fraction. */
export const span: Read<number> = (value, field) =>
  Number.isFinite(value) && (value as number) >= 0 ? (value as number) : malformed(field)

/** Words for people: cut, never refused. */
export const prose: Read<string> = (value) => (typeof value === 'string' ? value.slice(0, TEXT) : '')

/** May be absent; then it stays absent. */
export function maybe<T>(read: Read<T>): Read<T> {
  return (value, field) => (value === undefined ? (value as T) : read(value, field))
}

export function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, field) => (value === null ? null : read(value, field))
}

/** One of some texts. */
export function oneOf<T extends string>(...values: readonly T[]): Read<T> {
  return (value, field) => (values.includes(value as T) ? (value as T) : malformed(field))
}

export function list<T>(read: Read<T>): Read<T[]> {
  return (value, field) =>
    Array.isArray(value) && value.length <= LIST ? value.map((one: unknown) => read(one, field)) : malformed(field)
}

/** Is it a map (not a list, not bytes)? */
export function isMap(value: unknown): value is Unread {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** A map with the fields of a table. */
export function map<T>(shape: Shape<T>): Read<T> {
  const keys = Object.keys(shape)
  const reads = Object.values(shape) as Read<unknown>[]
  return (value, field) => {
    if (!isMap(value)) return malformed(field)
    const out: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      const read = (reads[i] as Read<unknown>)(value[key], key)
      if (read !== undefined) out[key] = read
    }
    return out as T
  }
}

/** A map with the fields of a table and a body. Bytes are copied: they do not keep the frame. */
export function carrying<T>(shape: Shape<T>): Read<T & Body> {
  const read = map<T>(shape)
  return (value, field) => {
    const out = read(value, field) as T & { data?: unknown; bytes?: Uint8Array }
    const { data, bytes } = value as Unread
    if ((data === undefined) === (bytes === undefined)) return malformed('data')
    if (bytes === undefined) out.data = data
    else out.bytes = readBytes(bytes) ?? malformed('bytes')
    return out as T & Body
  }
}

/** The bytes of a value of either codec, fresh; null where there are none. */
export function readBytes(value: unknown): Uint8Array | null {
  // Not slice(): a Buffer's does not copy.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  return typeof value === 'string' ? unbase64url(value) : null
}
