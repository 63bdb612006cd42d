/**
 * Our own list: large messages. 16 MiB is the engine's default maxPayload; in 64-byte fragments they need a
 * maxFragments of 262,144, which must be raised by option: the default is 1,024.
 */
import { Random } from '@tautline/testkit'
import { binary, text } from './case.ts'
import { mixedText, type OwnCase } from './own.ts'

export const LARGE_PAYLOAD: number = 16 << 20
export const LARGE_FRAGMENTS: number = LARGE_PAYLOAD / 64
const DEADLINE = 120_000

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
const bytes = once(() => new Random(16).bytes(LARGE_PAYLOAD))
const characters = once(() => Buffer.from(mixedText(LARGE_PAYLOAD)))

function fragmented(opcode: number, payload: Buffer): OwnCase['script'] {
  return () =>
    Array.from({ length: LARGE_FRAGMENTS }, (_, i) => ({
      opcode: i === 0 ? opcode : 0,
      fin: i === LARGE_FRAGMENTS - 1,
      payload: payload.subarray(i * 64, i * 64 + 64),
    }))
}

/** B: delivered whole and in 997-byte chops. */
export function largeCases(): readonly OwnCase[] {
  const common = { rfc: '5.4', required: ['ECHO'], deadline: DEADLINE }
  const asBinary = { ...common, echo: [binary(bytes())] }
  const asText = { ...common, echo: [text(characters().toString())] }
  return [
    { ...asBinary, id: 'B00', title: 'binary of 16 MiB in one frame', script: () => [{ opcode: 2, payload: bytes() }] },
    {
      ...asText,
      id: 'B01',
      title: 'text of 16 MiB in one frame',
      script: () => [{ opcode: 1, payload: characters() }],
    },
    { ...asBinary, id: 'B02', title: 'binary of 16 MiB in 64-byte fragments', script: fragmented(2, bytes()) },
    { ...asText, id: 'B03', title: 'text of 16 MiB in 64-byte fragments', script: fragmented(1, characters()) },
    {
      ...common,
      id: 'B04',
      rfc: '10.4',
      title: 'one byte more than maxPayload',
      required: ['CLOSE:1009'],
      script: () => [{ opcode: 2, payload: Buffer.alloc(LARGE_PAYLOAD + 1) }],
    },
  ]
}
