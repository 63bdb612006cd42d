import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, closePayload, type FrameSpec, splitSizes } from '@tautline/testkit'
import fc from 'fast-check'
import type { EventConnection } from '../src/events.ts'
import { connectionOf, FULL, hear, hex, taken, told, type Wanted } from './harness.ts'
import { referenceEvents } from './reference.ts'

type Role = 'server' | 'client'
const role = fc.constantFrom<Role>('server', 'client')
const LIMITS = { maxPayload: 300, maxFragments: 5 }

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((it) => Buffer.from(it))
const payload = fc.oneof(
  text,
  text,
  fc.uint8Array({ maxLength: 20 }).map((it) => Buffer.from(it)),
  fc.constantFrom(124, 125, 126, 127, 150).map((size) => Buffer.alloc(size, 0x61)),
  fc.constantFrom(1000, 1005, 1006, 1016, 3000, 4999, 5000).map((code) => closePayload(code, 'why')),
)

/** Mostly legal frames: chains of random bytes fail at the first. */
const frame = (from: Role): fc.Arbitrary<FrameSpec> => {
  const masked = from === 'client'
  return fc.record({
    opcode: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(0, 1, 1, 2, 9, 10) },
      { weight: 1, arbitrary: fc.nat(15) },
    ),
    payload,
    fin: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 2, arbitrary: fc.constant(false) }),
    rsv: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
    mask: fc.oneof(
      { weight: 40, arbitrary: masked ? fc.uint8Array({ minLength: 4, maxLength: 4 }) : fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(!masked) },
    ),
  })
}

/** What a peer of `of` may send: frames, sometimes legal chains, sometimes cut off. */
const stream = (of: Role): fc.Arbitrary<Buffer> => {
  const from = of === 'server' ? 'client' : 'server'
  const legal = fc.tuple(fc.constantFrom(1, 2), fc.array(text, { minLength: 1, maxLength: 6 })).map(([opcode, parts]) =>
    parts.map(
      (part, i): FrameSpec => ({
        opcode: i === 0 ? opcode : 0,
        payload: part,
        fin: i === parts.length - 1,
        mask: of === 'server',
      }),
    ),
  )
  const chain = fc.oneof(
    legal,
    frame(from).map((one) => [one]),
  )
  return fc
    .tuple(fc.array(chain, { maxLength: 8 }), fc.nat(12))
    .map(([chains, cut]) => Buffer.concat(chains.flat().map(buildFrame)).subarray(0, cut < 8 ? undefined : -cut))
}

const roleAndBytes = role.chain((of) => stream(of).map((bytes) => [of, bytes] as const))
const sizes = fc.array(fc.oneof(fc.nat(4), fc.nat(40)), { maxLength: 60 })

describe('what a connection hears', () => {
  it('is what the naive reference hears', () => {
    fc.assert(
      fc.property(roleAndBytes, ([of, bytes]) => {
        assert.deepEqual(hear(connectionOf(of, { limits: LIMITS }), [bytes]), referenceEvents(bytes, of, LIMITS))
      }),
      { numRuns: 3000 },
    )
  })

  it('does not depend on where the bytes are cut', () => {
    fc.assert(
      fc.property(roleAndBytes, sizes, ([of, bytes], cuts) => {
        const whole = hear(connectionOf(of, { limits: LIMITS }), [bytes])
        assert.deepEqual(hear(connectionOf(of, { limits: LIMITS }), splitSizes(bytes, cuts)), whole)
      }),
      { numRuns: 2000 },
    )
  })

  it('does not depend on where its handler pauses', () => {
    fc.assert(
      fc.property(
        roleAndBytes,
        sizes,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        ([of, bytes], cuts, pauses) => {
          const whole = hear(connectionOf(of, { limits: LIMITS }), [bytes])
          assert.deepEqual(hearPausing(of, { limits: LIMITS }, splitSizes(bytes, cuts), pauses), whole)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('answers the same frames wherever the bytes are cut', () => {
    fc.assert(
      fc.property(roleAndBytes, sizes, ([of, bytes], cuts) => {
        const [whole, cut] = [connectionOf(of, { limits: LIMITS }), connectionOf(of, { limits: LIMITS })]
        hear(whole, [bytes])
        hear(cut, splitSizes(bytes, cuts))
        // A client masks at random: the frames' bytes differ, not their number.
        assert.equal(taken(cut).length, taken(whole).length)
        assert.equal(cut.connection.state, whole.connection.state)
      }),
    )
  })
})

/** Each pausing handler pauses at the events that the pattern says; afterwards reading goes on. */
function hearPausing(of: Role, wanted: Wanted, chunks: Iterable<Uint8Array>, pauses: readonly boolean[]): string[] {
  const connection = connectionOf(of, wanted)
  let count = 0
  const handlers = connection as unknown as Record<string, (...call: unknown[]) => void>
  for (const name of ['onText', 'onBinary', 'onPing', 'onPong', 'onPart']) {
    const handler = (handlers[name] as (...call: unknown[]) => void).bind(connection)
    handlers[name] = (...call) => {
      handler(...call)
      if (pauses[count++ % pauses.length] === true) connection.connection.pause()
    }
  }
  const out: string[] = []
  const hearNow = (): void => {
    for (const event of connection.events()) out.push(told(event))
  }
  for (const chunk of chunks) {
    connection.connection.receive(Buffer.from(chunk))
    hearNow()
    // Sometimes a further chunk comes while paused.
    if (count % 3 !== 0) connection.connection.resume()
  }
  for (let rounds = 0; connection.connection.hasRest; rounds++) {
    assert.ok(rounds < 10_000)
    connection.connection.resume()
    hearNow()
  }
  connection.connection.resume()
  hearNow()
  return out
}

type Said =
  | { kind: 'text'; text: string; compress: boolean; cuts: number }
  | { kind: 'bytes'; bytes: Uint8Array; compress: boolean; cuts: number }
  | { kind: 'ping'; bytes: Uint8Array }

const compress = fc.boolean()
const cuts = fc.constantFrom(0, 0, 0, 1, 3)
const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({
    kind: fc.constant('text' as const),
    text: fc.string({ unit: 'grapheme', maxLength: 200 }),
    compress,
    cuts,
  }),
  fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 400 }), compress, cuts }),
  fc.record({
    kind: fc.constant('bytes' as const),
    bytes: fc.nat(80_000).map((size) => new Uint8Array(size).fill(size)),
    compress,
    cuts,
  }),
  fc.record({ kind: fc.constant('ping' as const), bytes: fc.uint8Array({ maxLength: 125 }) }),
)

function say(connection: EventConnection, one: Said): string[] {
  const { connection: inner } = connection
  if (one.kind === 'ping') {
    inner.sendControl(9, one.bytes)
    return [`ping ${hex(one.bytes)}`]
  }
  const bytes = one.kind === 'text' ? Buffer.from(one.text) : one.bytes
  const opcode = one.kind === 'text' ? 1 : 2
  if (one.cuts === 0 && one.kind === 'text') inner.sendText(one.text, one.compress)
  else {
    const step = Math.ceil(bytes.length / (one.cuts + 1))
    for (let i = 0; i <= one.cuts; i++) {
      const [start, end] = [
        Math.min(bytes.length, i * step),
        i === one.cuts ? bytes.length : Math.min(bytes.length, (i + 1) * step),
      ]
      inner.sendBytes(opcode, bytes, start, end, one.compress, i === one.cuts)
    }
  }
  return [one.kind === 'text' ? `text ${JSON.stringify(one.text)}` : `binary ${hex(bytes)}`]
}

describe('writing, then parsing', () => {
  const deflates = fc.option(
    fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
    }),
  )
  it('is the identity, for both roles, compressed or not, fragmented or not, in any chunks', () => {
    fc.assert(
      fc.property(role, deflates, fc.array(said, { maxLength: 15 }), fc.nat(3000), (from, deflate, messages, size) => {
        const writer = connectionOf(from, { deflate })
        const reader = connectionOf(from === 'server' ? 'client' : 'server', { deflate })
        const expected = messages.flatMap((one) => say(writer, one))
        const bytes = taken(writer)
        const chunks = splitSizes(bytes, new Array<number>(Math.ceil(bytes.length / (size + 1))).fill(size + 1))
        assert.deepEqual(hear(reader, chunks), expected)
        assert.equal(reader.connection.insideMessage, false)
      }),
      { numRuns: 300 },
    )
  })

  it('is the identity with full context takeover', () => {
    fc.assert(
      fc.property(role, fc.array(said, { maxLength: 10 }), (from, messages) => {
        const writer = connectionOf(from, { deflate: FULL })
        const reader = connectionOf(from === 'server' ? 'client' : 'server', { deflate: FULL })
        for (const one of messages) assert.deepEqual(hear(reader, [...say1(writer, one)]), said1)
      }),
      { numRuns: 100 },
    )
  })

  let said1: string[] = []
  function say1(writer: EventConnection, one: Said): Buffer[] {
    said1 = say(writer, one)
    return [taken(writer)]
  }
})
