// The shapes that occur in both replies and pushes. `ev` is known before a push is judged, and in no table.

import { carrying, type Is, json, list, map, maybe, nullable, oneOf, prose, span, text, whole } from './shape.ts'
import type { Failure, Fence, Lost, Member, Position, Publication, Publisher, Subscribed } from './types.ts'

/** What is said of a push besides its body, and its `ev`. */
export type Rest<P> = Omit<P, 'ev' | 'data' | 'bytes'>

export const position: Is<Position> = map<Position>({ epoch: text, offset: whole, id: text })

export const failure: Is<Failure> = map<Failure>({
  code: text,
  message: prose,
  retry: oneOf('no', 'later', 'auth', 'unknown'),
  after: maybe(span),
  field: maybe(text),
})

/** −1: unknown. */
const prev: Is<number> = (value): value is number => value === -1 || whole(value)

export const publication: Is<Rest<Publication>> = carrying<Rest<Publication>>({
  ch: text,
  off: maybe(whole),
  id: text,
  prev: maybe(prev),
  at: whole,
  key: maybe(text),
  state: maybe(text),
  from: maybe(map<Publisher>({ user: maybe(text), peer: maybe(text) })),
})

export const fence: Is<Rest<Fence>> = map<Rest<Fence>>({
  ch: text,
  from: position,
  epoch: text,
  loss: oneOf('none', 'possible'),
})

export const lost: Is<Lost> = map<Lost>({
  why: oneOf('trimmed', 'epoch', 'diverged', 'limit', 'ephemeral', 'pattern'),
  from: maybe(position),
  to: nullable(position),
  spread: span,
})

export const subscribed: Is<Subscribed> = map<Subscribed>({
  ch: text,
  mode: oneOf('log', 'ephemeral', 'pattern'),
  outcome: oneOf('fresh', 'recovered', 'lost'),
  start: nullable(position),
  head: nullable(position),
  lost: maybe(lost),
})

export const members: Is<Member[]> = list(map<Member>({ peer: text, user: maybe(text), info: maybe(json) }))
