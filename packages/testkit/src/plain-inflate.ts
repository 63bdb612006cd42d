/**
 * A plain DEFLATE decoder (RFC 1951), bit by bit, that also reports how far back the data reach.
 * zlib does not tell when a peer overruns the agreed window within one buffer; this does. Never fast.
 */

/** What a block sequence decodes to. */
export interface Inflated {
  readonly bytes: Buffer
  /** The largest distance used; 0 when there was none. */
  readonly reach: number
}

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

class Bits {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#at = 0
  }

  get left(): number {
    return this.#bytes.length * 8 - this.#at
  }

  take(count: number): number {
    if (count > this.left) throw new Error('the data end inside a block')
    let out = 0
    for (let i = 0; i < count; i++, this.#at++) {
      out |= (((this.#bytes[this.#at >> 3] as number) >> (this.#at & 7)) & 1) << i
    }
    return out
  }

  align(): void {
    this.#at = (this.#at + 7) & ~7
  }
}

/** Canonical Huffman code: code lengths to a map from `length:code` to symbol. */
type Code = ReadonlyMap<number, number>

function codeOf(lengths: readonly number[]): Code {
  const out = new Map<number, number>()
  let code = 0
  for (let size = 1; size <= 15; size++) {
    for (const [symbol, length] of lengths.entries()) {
      if (length === size) out.set((size << 16) | code++, symbol)
    }
    code <<= 1
  }
  return out
}

function symbol(bits: Bits, code: Code): number {
  let word = 0
  for (let size = 1; size <= 15; size++) {
    word = (word << 1) | bits.take(1)
    const found = code.get((size << 16) | word)
    if (found !== undefined) return found
  }
  throw new Error('a bit pattern that is no code')
}

const FIXED: readonly [Code, Code] = [
  codeOf([...Array(144).fill(8), ...Array(112).fill(9), ...Array(24).fill(7), ...Array(8).fill(8)] as number[]),
  codeOf(Array(30).fill(5) as number[]),
]

function dynamicCodes(bits: Bits): readonly [Code, Code] {
  const literals = bits.take(5) + 257
  const distances = bits.take(5) + 1
  const count = bits.take(4) + 4
  const order: number[] = Array(19).fill(0)
  for (let i = 0; i < count; i++) order[CODE_ORDER[i] as number] = bits.take(3)
  const code = codeOf(order)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const one = symbol(bits, code)
    if (one < 16) lengths.push(one)
    else if (one === 16) lengths.push(...Array(bits.take(2) + 3).fill(lengths.at(-1) ?? 0))
    else lengths.push(...Array(one === 17 ? bits.take(3) + 3 : bits.take(7) + 11).fill(0))
  }
  return [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals))]
}

/**
 * Decodes the payload of one compressed message, its tail 00 00 ff ff not included.
 * @param history what was decoded before, when the context is taken over
 * @throws Error where the data are not DEFLATE or reach behind the history
 */
export function plainInflate(payload: Uint8Array, history: Uint8Array = Buffer.alloc(0)): Inflated {
  const bits = new Bits(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]))
  const out: number[] = [...history.subarray(Math.max(0, history.length - 32768))]
  const start = out.length
  let reach = 0
  let final = false
  while (!final && bits.left >= 3) {
    final = bits.take(1) === 1
    const type = bits.take(2)
    if (type === 3) throw new Error('a reserved block type')
    if (type === 0) storedBlock(bits, out)
    else reach = Math.max(reach, codedBlock(bits, type === 1 ? FIXED : dynamicCodes(bits), out))
  }
  return { bytes: Buffer.from(out.slice(start)), reach }
}

function storedBlock(bits: Bits, out: number[]): void {
  bits.align()
  const size = bits.take(16)
  if ((bits.take(16) ^ 0xffff) !== size) throw new Error('LEN and NLEN do not match')
  for (let i = 0; i < size; i++) out.push(bits.take(8))
}

function codedBlock(bits: Bits, [literals, distances]: readonly [Code, Code], out: number[]): number {
  let reach = 0
  for (;;) {
    const one = symbol(bits, literals)
    if (one === 256) return reach
    if (one < 256) {
      out.push(one)
      continue
    }
    const length = (LENGTH_BASE[one - 257] ?? Number.NaN) + bits.take(LENGTH_BITS[one - 257] ?? 0)
    const slot = symbol(bits, distances)
    const distance = (DISTANCE_BASE[slot] ?? Number.NaN) + bits.take(DISTANCE_BITS[slot] ?? 0)
    if (!(length > 0) || !(distance <= out.length)) throw new Error('a length or distance that is not there')
    reach = Math.max(reach, distance)
    for (let i = 0; i < length; i++) out.push(out[out.length - distance] as number)
  }
}
