// Reads MessagePack, limits first: one pass that counts levels and keys, believes no declared length, and checks UTF-8.
// It takes what JSON can say; anything else is noted as bad, and read past. It keeps no view of the frame but bin's.

import { EXTENSION, NOT_A_NUMBER, STRANGE_KEY, UNSAFE_INTEGER } from '../bad.ts'
import type { FrameLimits } from '../codec.ts'
import { WireError } from '../errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Texts up to this many bytes are read in JavaScript if they are ASCII: a call of TextDecoder costs more. */
const SHORT = 24

/** The characters of ASCII. */
const ASCII: readonly string[] = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))

function truncated(): WireError {
  return new WireError('malformed', 'a message ends before it is complete')
}

/** Reads the messages of one frame, one after another. */
export class MessagePackReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #limits: FrameLimits
  #at: number
  #depth: number
  #keys: number
  #bad: string | undefined

  /** @param bytes borrowed while reading; values of type bin are views of it */
  constructor(bytes: Uint8Array, limits: FrameLimits) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
    this.#at = 0
    this.#depth = 0
    this.#keys = 0
    this.#bad = undefined
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length
  }

  /** What the message read last held that no message may hold. */
  get bad(): string | undefined {
    return this.#bad
  }

  /** @throws WireError */
  message(): unknown {
    this.#keys = 0
    this.#bad = undefined
    return this.#value()
  }

  #value(): unknown {
    const head = this.#bytes[this.#take(1)] as number
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 0x100
    if (head < 0x90) return this.#map(head & 15)
    if (head < 0xa0) return this.#list(head & 15)
    if (head < 0xc0) return this.#text(head & 31)
    return this.#typed(head)
  }

  #typed(head: number): unknown {
    const view = this.#view
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#binary(this.#length(1))
      case 0xc5:
        return this.#binary(this.#length(2))
      case 0xc6:
        return this.#binary(this.#length(4))
      case 0xc7:
        return this.#extension(this.#length(1))
      case 0xc8:
        return this.#extension(this.#length(2))
      case 0xc9:
        return this.#extension(this.#length(4))
      case 0xca:
        return this.#float(view.getFloat32(this.#take(4)))
      case 0xcb:
        return this.#float(view.getFloat64(this.#take(8)))
      case 0xcc:
        return view.getUint8(this.#take(1))
      case 0xcd:
        return view.getUint16(this.#take(2))
      case 0xce:
        return view.getUint32(this.#take(4))
      case 0xcf:
        return this.#long(view.getUint32(this.#take(4)))
      case 0xd0:
        return view.getInt8(this.#take(1))
      case 0xd1:
        return view.getInt16(this.#take(2))
      case 0xd2:
        return view.getInt32(this.#take(4))
      case 0xd3:
        return this.#long(view.getInt32(this.#take(4)))
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4))
      case 0xd9:
        return this.#text(this.#length(1))
      case 0xda:
        return this.#text(this.#length(2))
      case 0xdb:
        return this.#text(this.#length(4))
      case 0xdc:
        return this.#list(this.#length(2))
      case 0xdd:
        return this.#list(this.#length(4))
      case 0xde:
        return this.#map(this.#length(2))
      case 0xdf:
        return this.#map(this.#length(4))
      default:
        throw new WireError('malformed', 'a message has a type that MessagePack does not have')
    }
  }

  /** The place of the next `size` bytes, which are there. */
  #take(size: number): number {
    const at = this.#at
    if (size > this.#bytes.length - at) throw truncated()
    this.#at = at + size
    return at
  }

  #length(size: 1 | 2 | 4): number {
    const at = this.#take(size)
    return size === 1 ? this.#view.getUint8(at) : size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  #binary(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #extension(length: number): null {
    this.#take(1)
    this.#take(length)
    this.#bad ??= EXTENSION
    return null
  }

  #float(value: number): number {
    if (!Number.isFinite(value)) this.#bad ??= NOT_A_NUMBER
    return value
  }

  #long(high: number): number {
    const value = high * 0x1_0000_0000 + this.#view.getUint32(this.#take(4))
    if (!Number.isSafeInteger(value)) this.#bad ??= UNSAFE_INTEGER
    return value
  }

  #text(length: number): string {
    const at = this.#take(length)
    const end = at + length
    if (length <= SHORT) {
      let text = ''
      let i = at
      for (; i < end; i++) {
        const code = this.#bytes[i] as number
        if (code > 127) break
        text += ASCII[code]
      }
      if (i === end) return text
    }
    try {
      return utf8.decode(this.#bytes.subarray(at, end))
    } catch {
      throw new WireError('malformed', 'a text is not UTF-8')
    }
  }

  #enter(): void {
    if (++this.#depth > this.#limits.depth) {
      throw new WireError('too-large', `a message is nested deeper than ${this.#limits.depth}`)
    }
  }

  #list(length: number): unknown[] {
    // Each element takes a byte at least.
    if (length > this.#bytes.length - this.#at) throw truncated()
    this.#enter()
    const list: unknown[] = []
    for (let i = 0; i < length; i++) list.push(this.#value())
    this.#depth--
    return list
  }

  #map(length: number): Record<string, unknown> {
    if (length * 2 > this.#bytes.length - this.#at) throw truncated()
    this.#keys += length
    if (this.#keys > this.#limits.keys) {
      throw new WireError('too-large', `a message has more than ${this.#limits.keys} keys`)
    }
    this.#enter()
    const map: Record<string, unknown> = {}
    for (let i = 0; i < length; i++) {
      const key = this.#key()
      const value = this.#value()
      if (key === '__proto__') own(map, key, value)
      else map[key] = value
    }
    this.#depth--
    return map
  }

  #key(): string {
    const key = this.#value()
    if (typeof key === 'string') return key
    this.#bad ??= STRANGE_KEY
    return ''
  }
}

/** As JSON.parse does it: a property like any other, the prototype stays. */
function own(map: object, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}
