// The parts of a server's messages that occur in several of them. Each reader notes what is wrong in `Fields`.

import { WireError } from './errors.ts'
import type { Fields, Unread } from './fields.ts'
import { LIMITS, type Limits } from './limits.ts'
import type { Failure, Fence, Json, Lost, Member, Position, Publication, Publisher, Subscribed } from './types.ts'

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }
export type Reader<T> = (fields: Fields, message: Unread) => T

/** A server is no enemy, but a bug of one must not become one of the application. */
export const TRUSTED: Limits = Object.freeze({ ...LIMITS, key: 256, state: 65_536, page: 65_536, channels: 65_536 })
export const MAX: number = Number.MAX_SAFE_INTEGER
export const TEXT = 4096

export function oneOf<T extends string>(fields: Fields, value: unknown, field: string, values: readonly T[]): T {
  if (!values.includes(value as T)) fields.wrong(field, 'is none of those known')
  return value as T
}

export function isPresent(value: unknown): boolean {
  return value !== undefined
}

export function nullable(fields: Fields, value: unknown, field: string): Position | null {
  return value === null ? null : fields.position(value, field)
}

export function readFailure(fields: Fields, value: unknown): Failure {
  const map = fields.map(value, 'error') ?? {}
  const failure: Mutable<Failure> = {
    code: fields.text(map['code'], 'error.code', 64),
    message: typeof map['message'] === 'string' ? map['message'].slice(0, TEXT) : '',
    retry: oneOf(fields, map['retry'], 'error.retry', ['no', 'later', 'auth', 'unknown']),
  }
  if (isPresent(map['after'])) failure.after = fields.clamped(map['after'], 'error.after', 0, MAX)
  if (isPresent(map['field'])) failure.field = fields.text(map['field'], 'error.field', TEXT)
  return failure
}

export function readPublisher(fields: Fields, value: unknown): Publisher {
  const map = fields.map(value, 'from') ?? {}
  const from: Mutable<Publisher> = {}
  if (isPresent(map['user'])) from.user = fields.text(map['user'], 'from.user', TEXT)
  if (isPresent(map['peer'])) from.peer = fields.text(map['peer'], 'from.peer', TEXT)
  return from
}

export function readPublication(fields: Fields, message: Unread): Publication {
  const { off, prev, key, state, from } = message
  const out: Mutable<Omit<Publication, 'data' | 'bytes'>> & { data?: Json; bytes?: Uint8Array } = {
    ev: 'pub',
    ch: fields.channel(message['ch'], 'ch'),
    id: fields.ascii(message['id'], 'id', fields.limits.key),
    at: fields.whole(message['at'], 'at', 0, MAX),
  }
  if (off !== undefined) out.off = fields.whole(off, 'off', 0, MAX)
  if (prev !== undefined) out.prev = fields.whole(prev, 'prev', -1, MAX)
  if (key !== undefined) out.key = fields.text(key, 'key', fields.limits.key)
  if (state !== undefined) out.state = fields.text(state, 'state', fields.limits.state)
  if (from !== undefined) out.from = readPublisher(fields, from)
  fields.body(message, out)
  return out as Publication
}

export function readFence(fields: Fields, message: Unread): Fence {
  return {
    ev: 'fence',
    ch: fields.channel(message['ch'], 'ch'),
    from: fields.position(message['from'], 'from'),
    epoch: fields.ascii(message['epoch'], 'epoch', fields.limits.epoch),
    loss: oneOf(fields, message['loss'], 'loss', ['none', 'possible']),
  }
}

export function readLost(fields: Fields, value: unknown): Lost {
  const map = fields.map(value, 'lost') ?? {}
  const lost: Mutable<Lost> = {
    why: oneOf(fields, map['why'], 'lost.why', ['trimmed', 'epoch', 'diverged', 'limit', 'ephemeral', 'pattern']),
    to: nullable(fields, map['to'], 'lost.to'),
    spread: fields.clamped(map['spread'], 'lost.spread', 0, MAX),
  }
  if (isPresent(map['from'])) lost.from = fields.position(map['from'], 'lost.from')
  return lost
}

export function readSubscribed<T extends Mutable<Subscribed>>(fields: Fields, message: Unread, into: T): T {
  into.ch = fields.pattern(message['ch'], 'ch')
  into.mode = oneOf(fields, message['mode'], 'mode', ['log', 'ephemeral', 'pattern'])
  into.outcome = oneOf(fields, message['outcome'], 'outcome', ['fresh', 'recovered', 'lost'])
  into.start = nullable(fields, message['start'], 'start')
  into.head = nullable(fields, message['head'], 'head')
  if (isPresent(message['lost'])) into.lost = readLost(fields, message['lost'])
  return into
}

export function subscribed(): Mutable<Subscribed> {
  return { ch: '', mode: 'log', outcome: 'fresh', start: null, head: null }
}

export function readMember(fields: Fields, value: unknown): Member {
  const map = fields.map(value, 'member') ?? {}
  const member: Mutable<Member> = { peer: fields.text(map['peer'], 'member.peer', TEXT) }
  if (isPresent(map['user'])) member.user = fields.text(map['user'], 'member.user', TEXT)
  if (isPresent(map['info'])) member.info = map['info'] as Json
  return member
}

export function done<T>(fields: Fields, of: string, value: T): T {
  if (fields.problem === null) return value
  throw new WireError('malformed', `${of}: ${fields.problem.field} ${fields.problem.text}`)
}
