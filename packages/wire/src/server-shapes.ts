// The shapes that occur in both replies and pushes.

import {
  any,
  carrying,
  json,
  list,
  map,
  maybe,
  nullable,
  oneOf,
  prose,
  type Read,
  type Shape,
  span,
  text,
  whole,
} from './shape.ts'
import type { Failure, Fence, Lost, Member, Position, Publication, Publisher, Subscribed } from './types.ts'

export const position: Read<Position> = map({ epoch: text, offset: whole, id: text })

export const failure: Read<Failure> = map({
  code: text,
  message: prose,
  retry: oneOf('no', 'later', 'auth', 'unknown'),
  after: maybe(span),
  field: maybe(text),
})

/** −1: unknown. */
const prev: Read<number> = (value, field) => (value === -1 ? -1 : whole(value, field))

export const publication: Read<Publication> = carrying<Omit<Publication, 'data' | 'bytes'>>({
  ev: any,
  ch: text,
  off: maybe(whole),
  id: text,
  prev: maybe(prev),
  at: whole,
  key: maybe(text),
  state: maybe(text),
  from: maybe(map<Publisher>({ user: maybe(text), peer: maybe(text) })),
})

export const fence: Read<Fence> = map({
  ev: any,
  ch: text,
  from: position,
  epoch: text,
  loss: oneOf('none', 'possible'),
})

export const lost: Read<Lost> = map({
  why: oneOf('trimmed', 'epoch', 'diverged', 'limit', 'ephemeral', 'pattern'),
  from: maybe(position),
  to: nullable(position),
  spread: span,
})

export const subscribed: Shape<Subscribed> = {
  ch: text,
  mode: oneOf('log', 'ephemeral', 'pattern'),
  outcome: oneOf('fresh', 'recovered', 'lost'),
  start: nullable(position),
  head: nullable(position),
  lost: maybe(lost),
}

export const members: Read<Member[]> = list(map<Member>({ peer: text, user: maybe(text), info: maybe(json) }))
