/**
 * Our own list: permessage-deflate with all parameters, windows and sizes (RFC 7692 §7).
 */
import { Random } from '@tautline/testkit'
import { binary, type Expected, text } from './case.ts'
import { mixedText } from './own.ts'

export const BITS: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15]

/** Sizes of messages, 0 B to 1 MiB. */
export const SIZES: readonly number[] = [
  0,
  1,
  2,
  10,
  64,
  125,
  126,
  127,
  1000,
  4096,
  16_384,
  32_768,
  65_535,
  65_536,
  131_072,
  262_144,
  1 << 20,
]

/** Lines as a service logs them: they compress, and refer to one another across messages. */
export function logLines(size: number, random: Random): string {
  let out = ''
  while (out.length < size) {
    out += `{"channel":"chat:${random.below(40)}","user":"${random.text(6).replace(/["\\]/g, '_')}","ok":${random.below(2) === 1}}\n`
  }
  return out.slice(0, size)
}

/** What small windows must get right: repeats nearer and farther than any of them, texts, noise, nothing. */
export function windowMessages(): readonly Expected[] {
  const random = new Random(8)
  const noise = random.bytes(300)
  const lines = logLines(3000, random)
  return [
    text(lines.slice(0, 700)),
    text(lines.slice(0, 700)),
    binary(noise),
    binary(Buffer.concat([random.bytes(220), noise, noise])),
    text(''),
    text(lines),
    binary(Buffer.concat([Buffer.alloc(600, 1), noise, random.bytes(700), noise])),
    text(mixedText(1000)),
  ]
}

/** One message of each size, of each nature. */
export function sizedMessages(): readonly Expected[] {
  const random = new Random(77)
  const all = Buffer.from(logLines(1 << 20, random))
  return SIZES.flatMap((size) => [
    text(all.subarray(0, size).toString('latin1')),
    binary(random.bytes(size)),
    binary(Buffer.alloc(size)),
  ])
}

/** `count` messages of 0 to `most` bytes. */
export function manyMessages(count: number, most: number, seed: number): readonly Expected[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => {
    const size = random.below(most + 1)
    return i % 5 === 4 ? binary(random.bytes(size)) : text(logLines(size, random))
  })
}

/** Offers and answers: both takeovers, each window absent or 8 to 15. An offer may name the client's without a value. */
export function parameterPairs(offer: boolean): readonly string[] {
  const windows = ['', ...BITS.map((bits) => `=${bits}`)]
  const server = ['', ...windows.slice(1).map((value) => `; server_max_window_bits${value}`)]
  const client = ['', ...(offer ? windows : windows.slice(1)).map((value) => `; client_max_window_bits${value}`)]
  const takeover = ['', '; server_no_context_takeover'].flatMap((one) => [one, `${one}; client_no_context_takeover`])
  return takeover.flatMap((t) => server.flatMap((s) => client.map((c) => `permessage-deflate${t}${s}${c}`)))
}
