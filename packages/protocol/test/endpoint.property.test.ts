import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, type FrameSpec } from '@tautline/testkit'
import fc from 'fast-check'
import { Connection, type ConnectionHandler } from '../src/connection.ts'
import { DeflateCodec } from '../src/deflate/codec.ts'
import { Endpoint } from '../src/endpoint.ts'
import { EventConnection } from '../src/events.ts'
import { Slab } from '../src/frame-writer.ts'
import type { MessageReader } from '../src/message-reader.ts'
import type { MessageWriter } from '../src/message-writer.ts'
import { endpointOf, FULL, hear, limits, platform, slab, taken } from './harness.ts'

const LIMITS = { maxPayload: 300, maxFragments: 5 }

/** What a client may send: whole messages, messages that never end, and now and then a frame that nobody may send. */
const frames: fc.Arbitrary<Buffer> = fc
  .array(
    fc.record<FrameSpec>({
      opcode: fc.constantFrom(0, 1, 1, 1, 2, 2, 8, 9, 9, 10, 3),
      payload: fc.constantFrom('', 'a', '\0', 'ab', 'grüße', 'x'.repeat(130)),
      fin: fc.constantFrom(true, true, true, false),
      // RSV1: compressed, which only those with a codec may be sent.
      rsv: fc.constantFrom(0, 0, 0, 4),
      mask: fc.constantFrom(true, true, true, true, true, true, true, false),
    }),
    { maxLength: 6 },
  )
  .map((specs) => Buffer.concat(specs.map(buildFrame)))

/** What one of several connections does next. */
type Step = { readonly who: number } & (
  | { readonly does: 'receive'; readonly bytes: number }
  | { readonly does: 'end' }
  | { readonly does: 'take'; readonly written: boolean }
  | { readonly does: 'text'; readonly fin: boolean }
  | { readonly does: 'prepared'; readonly frame: number }
  | { readonly does: 'stall'; readonly on: boolean }
)

const WHO = 4
const who = fc.nat(WHO - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ who, does: fc.constant('receive' as const), bytes: fc.nat(40) }) },
  { weight: 4, arbitrary: fc.record({ who, does: fc.constant('take' as const), written: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ who, does: fc.constant('text' as const), fin: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ who, does: fc.constant('prepared' as const), frame: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ who, does: fc.constant('stall' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ who, does: fc.constant('end' as const) }) },
)

const PREPARED = buildFrame({ opcode: 1, payload: 'for everyone' })
const SEVERAL = [PREPARED, ...['again', 'z'.repeat(200)].map((payload) => buildFrame({ opcode: 1, payload }))]

/**
 * Plays the steps, each connection on the endpoint it is given, and returns what each heard and wrote. What was taken and
 * not written at once is looked at again behind the last step: nobody may have written over it.
 */
function play(endpointFor: (i: number) => Endpoint, streams: readonly Buffer[], steps: readonly Step[]): string[][] {
  const connections = Array.from({ length: WHO }, (_, i) => {
    // Every other one compresses: a reader and a writer that change hands change codec too.
    const codec = i % 2 === 0 ? null : new DeflateCodec(platform, FULL, 'server')
    return new EventConnection(endpointFor(i), codec)
  })
  const read = connections.map(() => 0)
  const out: string[][] = connections.map(() => [])
  const waiting: { readonly bytes: Uint8Array; readonly hex: string }[] = []
  for (const [i, step] of steps.entries()) {
    const { who } = step
    const it = connections[who] as EventConnection
    const { connection } = it
    const told = out[who] as string[]
    if (step.does === 'receive') {
      const from = read[who] as number
      const chunk = (streams[who] as Buffer).subarray(from, from + step.bytes)
      read[who] = from + chunk.length
      told.push(...hear(it, [chunk]))
    } else if (step.does === 'take') {
      const output = connection.take()
      const runs = output === null ? [] : output instanceof Uint8Array ? [output] : output
      const hexes = runs.map((bytes) => Buffer.from(bytes).toString('hex'))
      told.push(hexes.join(''))
      connection.wrote(step.written)
      if (!step.written) waiting.push(...runs.map((bytes, i) => ({ bytes, hex: hexes[i] as string })))
    } else if (step.does === 'end') connection.end()
    else if (step.does === 'stall') connection.stall(step.on)
    else if (step.does === 'text') connection.sendText(`to one, step ${i}`, true, step.fin)
    else if (!connection.insideFragments && connection.state === 0) {
      connection.sendPrepared(SEVERAL[step.frame] as Buffer)
    }
    told.push(`${connection.pending} ${connection.hasOutput} ${connection.insideMessage} ${connection.offence}`)
  }
  for (const { bytes, hex } of waiting) assert.equal(Buffer.from(bytes).toString('hex'), hex)
  return out
}

describe('connections of one endpoint', () => {
  it('hear and write what they would alone, however their chunks and turns interleave', () => {
    fc.assert(
      fc.property(
        fc.array(frames, { minLength: WHO, maxLength: WHO }),
        fc.array(step, { maxLength: 60 }),
        (streams, steps) => {
          // Slabs of their own: in one that others have left runs in nothing is ever written a second time.
          const fresh = (): Endpoint => endpointOf('server', { limits: LIMITS, slab: new Slab(platform) })
          const one = fresh()
          const together = play(() => one, streams, steps)
          const alone = play(fresh, streams, steps)
          assert.deepEqual(together, alone)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('may be read from within one another', () => {
    const endpoint = endpointOf('server')
    const heard: string[] = []
    const handler = (name: string, then: () => void): ConnectionHandler =>
      new Proxy({} as ConnectionHandler, {
        get: (_, method) => (bytes: Uint8Array, start: number, end: number) => {
          heard.push(`${name} ${String(method)} ${Buffer.from(bytes).toString('latin1', start, end)}`)
          then()
        },
      })
    const inner = new Connection(
      endpoint,
      handler('inner', () => undefined),
    )
    inner.pause()
    inner.receive(buildFrame({ opcode: 1, payload: 'kept', mask: true }))
    const outer = new Connection(
      endpoint,
      handler('outer', () => inner.resume()),
    )
    const two = Buffer.concat(['one', 'two'].map((payload) => buildFrame({ opcode: 1, payload, mask: true })))
    outer.receive(two)
    assert.deepEqual(heard, ['outer onText one', 'inner onText kept', 'outer onText two'])
  })

  it('borrow nothing for a prepared frame alone, and hold nothing that they borrowed between two messages', () => {
    const lent: (MessageReader | MessageWriter)[] = []
    class Counting extends Endpoint {
      override lendReader(...args: Parameters<Endpoint['lendReader']>): MessageReader {
        const reader = super.lendReader(...args)
        lent.push(reader)
        return reader
      }
      override lendWriter(...args: Parameters<Endpoint['lendWriter']>): MessageWriter {
        const writer = super.lendWriter(...args)
        lent.push(writer)
        return writer
      }
    }
    const endpoint = new Counting({ role: 'server', limits: limits(), platform, slab })
    const connections = Array.from({ length: 100 }, () => new EventConnection(endpoint))
    for (const it of connections) it.connection.sendPrepared(PREPARED)
    for (const it of connections) assert.equal(taken(it).length, PREPARED.length)
    assert.equal(lent.length, 0)
    for (const it of connections) {
      hear(it, [buildFrame({ opcode: 9, mask: true })])
      taken(it)
    }
    assert.deepEqual([lent.length, new Set(lent).size], [200, 2])
  })
})
