// Messages of every shape that tautline.v1 has, for property tests.

import fc from 'fast-check'
import { storeJson } from '../src/body.ts'
import { LIMITS } from '../src/limits.ts'
import type { Body, Command, Json, OkByOp, Position, Push, Sub } from '../src/types.ts'

const WIDE = { body: 1 << 20, depth: LIMITS.depth, keys: LIMITS.keys }

/** What storeJson takes. */
export const json: fc.Arbitrary<Json> = fc
  .oneof(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), fc.double())
  .filter((value) => {
    try {
      // What comes back differs in halves of surrogate pairs.
      return JSON.stringify(value) === storeJson(value, WIDE)
    } catch {
      return false
    }
  }) as fc.Arbitrary<Json>

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 40,
})
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const segment = fc.stringMatching(/^[A-Za-z0-9_"'/$.~-]{1,12}$/).filter((of) => of !== '.' && of !== '..')
const count = fc.maxSafeNat()

/** A channel's name. */
export const channel: fc.Arbitrary<string> = fc.array(segment, { minLength: 1, maxLength: 5 }).map((of) => of.join(':'))

/** A channel's name or a pattern. */
export const pattern: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 5 }), fc.constantFrom([], ['**']))
  .map((of) => of.flat().join(':'))

export const position: fc.Arbitrary<Position> = fc.record({
  epoch: printable,
  offset: count,
  id: fc.oneof(fc.constant('' as const), printable),
})

export const body: fc.Arbitrary<Body> = fc.oneof(
  json.map((data) => ({ data })),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => ({ bytes: Uint8Array.from(bytes) })),
)

/** Merges records, as intersections of types do. */
function merge<A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> {
  return fc.tuple(a, b).map(([left, right]) => ({ ...left, ...right }))
}

/** A record whose last keys may be absent. */
function some<T extends object>(
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<T> {
  return fc
    .record({ ...required, ...optional }, { requiredKeys: Object.keys(required) })
    .map((of) => ({ ...of })) as unknown as fc.Arbitrary<T>
}

const is = (value: string): fc.Arbitrary<string> => fc.constant(value)

const sub = {
  ch: pattern,
  from: fc.oneof(position, is('head'), fc.record({ last: fc.nat(LIMITS.page) })),
}
const subOptions = {
  policy: fc.oneof(
    fc.constantFrom('lossless', 'latest', 'disconnect'),
    fc.record({ drop: fc.integer({ min: 1, max: 10_000 }) }),
  ),
  token: text,
  presence: fc.boolean(),
  conflate: fc.boolean(),
}

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

export const command: fc.Arbitrary<Command> = fc.oneof(
  some<Command>(
    { id, op: is('connect'), client: printable, features: fc.array(printable, { maxLength: 4 }) },
    {
      token: text,
      replaces: fc.record({ conn: printable, secret: printable }),
      resume: fc.array(some<Sub>(sub, { ...subOptions, server: fc.boolean() }), { maxLength: 3 }),
    },
  ),
  some<Command>({ id, op: is('subscribe'), ...sub }, subOptions),
  some<Command>({ id, op: is('unsubscribe'), ch: pattern }),
  merge(
    some<Command>({ id, op: is('publish'), ch: channel, key: printable, since: count, lane: count }, { state: text }),
    body,
  ) as fc.Arbitrary<Command>,
  some<Command>({ id, op: is('history'), ch: channel, limit: fc.integer({ min: 1, max: 500 }) }, { after: position }),
  some<Command>({ id, op: is('history'), ch: channel, limit: fc.integer({ min: 1, max: 500 }) }, { before: position }),
  some<Command>({ id, op: is('presence'), ch: channel }, { page: printable }),
  merge(
    some<Command>({ id, op: is('rpc'), method: printable, ms: fc.nat(LIMITS.wait) }, { stream: fc.boolean() }),
    body,
  ) as fc.Arbitrary<Command>,
  some<Command>({ id, op: is('cancel'), call: id }),
  some<Command>({ id, op: is('refresh'), token: text }),
  some<Command>({ id, op: is('ping') }),
  some<Command>({ id: fc.constant(0), op: is('pong') }),
)

const member = some({ peer: text }, { user: text, info: json })
const members = fc.array(member, { maxLength: 3 })
const maybePosition = fc.option(position)
const lost = some(
  {
    why: fc.constantFrom('trimmed', 'epoch', 'diverged', 'limit', 'ephemeral', 'pattern'),
    to: maybePosition,
    spread: count,
  },
  { from: position },
)
const failure = some(
  { code: printable, message: fc.string(), retry: fc.constantFrom('no', 'later', 'auth', 'unknown') },
  { after: count, field: text },
)
const subscribed = {
  required: {
    ch: pattern,
    mode: fc.constantFrom('log', 'ephemeral', 'pattern'),
    outcome: fc.constantFrom('fresh', 'recovered', 'lost'),
    start: maybePosition,
    head: maybePosition,
  },
  optional: { lost },
}
const publication = merge(
  some<Push>(
    { ev: is('pub'), ch: channel, id: printable, at: count },
    {
      off: count,
      prev: fc.integer({ min: -1, max: 1000 }),
      key: printable,
      state: text,
      from: some({}, { user: text, peer: text }),
    },
  ),
  body,
) as fc.Arbitrary<Push>
const fence = some<Push>({
  ev: is('fence'),
  ch: channel,
  from: position,
  epoch: printable,
  loss: fc.constantFrom('none', 'possible'),
})

export const push: fc.Arbitrary<Push> = fc.oneof(
  publication,
  fence,
  some<Push>({ ev: is('sub'), ...subscribed.required }, subscribed.optional),
  some<Push>({
    ev: is('gap'),
    ch: channel,
    to: position,
    count,
    why: fc.constantFrom('conflated', 'dropped', 'filtered', 'unreadable'),
  }),
  some<Push>({ ev: is('lost'), ch: pattern, start: maybePosition, lost }),
  some<Push>({ ev: is('unsub'), ch: pattern, error: failure }),
  some<Push>(
    { ev: is('members'), ch: channel, rev: count, count },
    { joined: members, left: fc.array(text, { maxLength: 3 }) },
  ),
  merge(some<Push>({ ev: is('msg') }), body) as fc.Arbitrary<Push>,
  merge(some<Push>({ ev: is('rpc'), call: id, seq: count }, { end: fc.boolean() }), body) as fc.Arbitrary<Push>,
  some<Push>({ ev: is('refresh'), within: count }),
  some<Push>({ ev: is('health'), ok: fc.boolean() }),
  some<Push>({ ev: is('ping'), time: count }),
  some<Push>({ ev: is('drain'), slot: count, deadline: count }, { url: text }),
  some<Push>({ ev: is('bye'), code: fc.integer({ min: 1000, max: 4999 }), reason: fc.string() }, { after: count }),
)

/** What each command may be answered with. */
export const ok: { readonly [Op in keyof OkByOp]: fc.Arbitrary<OkByOp[Op]> } = {
  connect: some(
    {
      conn: printable,
      secret: printable,
      node: printable,
      time: count,
      features: fc.array(text, { maxLength: 3 }),
      ping: fc.record({ every: id, timeout: id }),
      window: count,
      limits: fc.constant({ frame: 1, body: 2 }),
    },
    { user: text, expires: count },
  ),
  subscribe: some(subscribed.required, subscribed.optional),
  unsubscribe: fc.constant({}),
  publish: some({ position: maybePosition }, { duplicate: fc.constant(true) }),
  history: some({
    items: fc.array(fc.oneof(publication, fence), { maxLength: 3 }),
    start: position,
    end: position,
    more: fc.boolean(),
  }),
  presence: some({ members, count, rev: count }, { next: text }),
  rpc: fc.oneof(body, fc.constant({})),
  cancel: fc.constant({}),
  refresh: some({}, { expires: count }),
  ping: some({ time: count }),
}

export { failure, id }
