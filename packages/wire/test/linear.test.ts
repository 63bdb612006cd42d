// What a peer sends costs time in proportion to its length, whatever it is made of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unbase64url } from '../src/base64url.ts'
import { checkPattern } from '../src/channel.ts'
import { scanJson } from '../src/json/scan.ts'
import { MessagePackReader } from '../src/msgpack/decoder.ts'

const LOOSE = { bytes: 1 << 30, messages: 1 << 30, depth: 1 << 30, keys: 1 << 30 }

function time(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function scan(text: string): () => void {
  return () => {
    for (let at = 0; at < text.length; ) at = scanJson(text, at, LOOSE).end + 1
  }
}

function read(bytes: Uint8Array): () => void {
  return () => {
    try {
      const reader = new MessagePackReader(bytes, { ...LOOSE, depth: 64 })
      while (!reader.ended) reader.message()
    } catch {}
  }
}

const CASES: [string, (n: number) => () => void][] = [
  ['quotes', (n) => scan('"'.repeat(n))],
  ['escaped quotes', (n) => scan(`"${'\\"'.repeat(n / 2)}`)],
  ['backslashes', (n) => scan(`"${'\\'.repeat(n)}"`)],
  ['backslashes behind a long text', (n) => scan(`"${'x'.repeat(30)}${'\\'.repeat(n)}`)],
  ['texts that never end', (n) => scan(`${'"x\n'.repeat(n / 3)}`)],
  ['digits', (n) => scan('9'.repeat(n))],
  ['many numbers', (n) => scan('99999999999999999999,'.repeat(n / 21))],
  ['many exponents', (n) => scan('1e999,'.repeat(n / 6))],
  ['brackets', (n) => scan('['.repeat(n))],
  ['newlines', (n) => scan('\n'.repeat(n))],
  ['bytes of short texts', (n) => read(new Uint8Array(n).fill(0xa0))],
  ['many maps', (n) => read(new Uint8Array(n).map((_, i) => [0x81, 0xa1, 0x61, 0xc0][i & 3] as number))],
  ['texts beyond ASCII', (n) => read(new Uint8Array(n).map((_, i) => [0xa2, 0xc3, 0xa9][i % 3] as number))],
  ['base64url', (n) => () => void unbase64url('A'.repeat(n))],
  ['a pattern', (n) => () => void checkPattern('*:'.repeat(n / 2))],
]

for (const [what, make] of CASES) {
  test(`${what}: twice the length takes less than 2.5 times as long`, () => {
    const n = 600_000
    const single = make(n)
    const double = make(2 * n)
    let ratio = Number.POSITIVE_INFINITY
    // Other work on the machine can spoil a measurement, but not twenty; quadratic work would take minutes.
    for (let attempt = 0; attempt < 20 && ratio >= 2.5; attempt++) {
      const once = Math.min(time(single), time(single))
      ratio = Math.min(ratio, Math.min(time(double), time(double)) / Math.max(once, 0.01))
    }
    assert.ok(ratio < 2.5, `${ratio.toFixed(1)} times`)
  })
}
