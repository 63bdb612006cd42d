// Masking long payloads with the 128-bit instructions of WebAssembly. The payload is copied into the module's memory
// and back, 64 KiB at a time, and that is still several times quicker than the loop from a few KiB on.

import { xorMask } from '@tautline/protocol'

// From here on the copies pay (benchmarks/micro.ts).
const FROM = 1024
const BLOCK = 64 * 1024

/*
 * The module, assembled by hand; x(n, key) XORs n bytes of the memory, rounded up to 64, and returns non-zero if one of
 * them is above 0x7f:
 *
 *   (memory (export "m") 2)
 *   (func (export "x") (param $n i32) (param $key i32) (result i32)
 *     (local $i i32) (local $k v128) (local $seen v128) (local $v v128)
 *     $k = i32x4.splat $key
 *     loop
 *       4 times, at offsets 0, 16, 32, 48:
 *         $v = v128.xor (v128.load $i) $k;  v128.store $i $v;  $seen = v128.or $seen $v
 *       $i += 64;  br_if loop ($i <u $n)
 *     end
 *     i8x16.bitmask $seen)
 */
const MODULE =
  'AGFzbQEAAAABBwFgAn9/AX8DAgEABQMBAAIHCQIBbQIAAXgAAAqLAQGIAQIBfwN7IAH9ESEDA0AgAiAC/QAEACAD/VEiBf0LBAAgBCAF/VAhBCACI' +
  'AL9AAQQIAP9USIF/QsEECAEIAX9UCEEIAIgAv0ABCAgA/1RIgX9CwQgIAQgBf1QIQQgAiAC/QAEMCAD/VEiBf0LBDAgBCAF/VAhBCACQcAAaiICIABJ' +
  'DQALIAT9ZAs='

interface Exports {
  readonly m: { readonly buffer: ArrayBuffer }
  readonly x: (length: number, key: number) => number
}

// TypeScript keeps WebAssembly's types in its DOM library, which does not belong here.
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

const exports = instantiate()
const memory: Uint8Array = exports === null ? new Uint8Array(0) : new Uint8Array(exports.m.buffer)

/** As `xorMask` of @tautline/protocol. */
export function simdXorMask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
  if (end - start < FROM || exports === null) return xorMask(bytes, start, end, key, phase)
  const turn = (phase & 3) * 8
  const k = turn === 0 ? key : (key >>> turn) | (key << (32 - turn))
  let seen = 0
  // BLOCK is a multiple of 4, so the key's phase is the same for each.
  for (let at = start; at < end; at += BLOCK) {
    const length = Math.min(BLOCK, end - at)
    memory.set(bytes.subarray(at, at + length))
    // What lies behind the payload in the memory is older bytes: they may only make `seen` too careful.
    seen |= exports.x(length, k)
    bytes.set(length === BLOCK ? memory.subarray(0, BLOCK) : memory.subarray(0, length), at)
  }
  return seen === 0 ? 0 : 0x80
}

/** null where the machine has no SIMD, or WebAssembly is switched off (`--jitless`). */
function instantiate(): Exports | null {
  try {
    const code = Buffer.from(MODULE, 'base64')
    return new WebAssembly.Instance(new WebAssembly.Module(code)).exports as Exports
  } catch {
    return null
  }
}
