// `npm run bench:micro`: the parts of the hot path one by one, in ns a call. The thresholds in the code (when a loop, a
// native call or SIMD is used) were chosen by these figures; change them together.

import { Buffer } from 'node:buffer'
import { FIN, FrameParser, type FrameSink, FrameWriter, Opcode, Slab, xorMask } from '@tautline/protocol'
import { buildFrame } from '@tautline/testkit'
import { nodePlatform } from '@tautline/websocket'

const KEY = 0x1234_5678

/** Median of five runs, each long enough for the clock. */
function time(call: () => void): number {
  for (let i = 0; i < 5000; i++) call()
  const runs = Array.from({ length: 5 }, () => {
    let calls = 0
    const began = performance.now()
    let spent = 0
    while (spent < 40) {
      for (let i = 0; i < 200; i++) call()
      calls += 200
      spent = performance.now() - began
    }
    return (spent * 1e6) / calls
  })
  return runs.sort((a, b) => a - b)[2] as number
}

function line(title: string, sizes: readonly number[], call: (size: number) => () => void): void {
  const cells = sizes.map((size) => `${size} B: ${time(call(size)).toFixed(0)}`)
  console.log(`${title.padEnd(44)} ${cells.join('   ')}`)
}

function unmasking(): void {
  const sizes = [16, 48, 125, 512, 1024, 4096, 16_384]
  const bytes = Buffer.alloc(20_000)
  line('unmask: byte loop', sizes, (size) => () => {
    for (let i = 0; i < size; i++) bytes[i] = (bytes[i] as number) ^ ((KEY >>> (8 * (i & 3))) & 0xff)
  })
  line('unmask: xorMask (words, WORDS_FROM)', sizes, (size) => () => xorMask(bytes, 6, 6 + size, KEY, 0))
  line('unmask: platform (SIMD, FROM)', sizes, (size) => () => nodePlatform.xorMask(bytes, 6, 6 + size, KEY, 0))
}

/** A sink that takes everything: the parser alone. */
const sink: FrameSink = {
  onStart: () => true,
  onLength: () => true,
  onFrame: () => true,
  onPiece: () => true,
  onViolation: () => undefined,
}

function parsing(): void {
  line('parse a masked frame, whole in its chunk', [16, 125, 1024], (size) => {
    const chunk = buildFrame({ opcode: 2, payload: Buffer.alloc(size), mask: true })
    const parser = new FrameParser(sink, true, nodePlatform.xorMask)
    return () => parser.push(chunk, 0, chunk.length)
  })
}

function writing(): void {
  const slab = new Slab(nodePlatform)
  const writer = new FrameWriter(nodePlatform, slab, false)
  const sizes = [8, 11, 12, 125, 1024]
  line('write text (loop below ENCODE_BELOW)', sizes, (size) => {
    const text = 'x'.repeat(size)
    return () => {
      writer.text(FIN | Opcode.text, text)
      writer.take()
    }
  })
  line('write bytes (loop below COPY_BELOW)', [8, 15, 16, 125, 1024, 8192], (size) => {
    const bytes = Buffer.alloc(size)
    return () => {
      writer.bytes(FIN | Opcode.binary, bytes, 0, size)
      writer.take()
    }
  })
}

function texts(): void {
  const sizes = [16, 125, 1024, 16_384]
  line('decode ASCII (latin1)', sizes, (size) => {
    const bytes = Buffer.alloc(size, 0x61)
    return () => nodePlatform.decodeAscii(bytes, 0, size)
  })
  line('check and decode UTF-8', sizes, (size) => {
    const bytes = Buffer.from('é'.repeat(size / 2))
    return () => nodePlatform.isUtf8(bytes, 0, bytes.length) && nodePlatform.decodeUtf8(bytes, 0, bytes.length)
  })
}

function compressing(): void {
  const text = Buffer.from(JSON.stringify(Array.from({ length: 40 }, (_, i) => ({ id: i, name: `user ${i}` }))))
  const dictionary = text.subarray(0, 1000)
  line(
    'deflate JSON, no window',
    [128, 1024],
    (size) => () => nodePlatform.deflateRaw(text.subarray(0, size), null, 15),
  )
  line('deflate JSON, with a window', [128, 1024], (size) => {
    return () => nodePlatform.deflateRaw(text.subarray(0, size), dictionary, 15)
  })
  line('inflate JSON, with a window', [128, 1024], (size) => {
    const deflated = nodePlatform.deflateRaw(text.subarray(0, size), dictionary, 15)
    return () => nodePlatform.inflateRaw(deflated, dictionary, 1 << 20)
  })
}

console.log('ns a call, medians of five runs\n')
for (const group of [unmasking, parsing, writing, texts, compressing]) group()
