// Prepared frames that many connections send in the same order.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FrameRun } from '../src/frame-run.ts'

const frames = ['first', 'second', 'third'].map((text) => Buffer.from(text))
const [first, second, third] = frames as [Buffer, Buffer, Buffer]

describe('a run of prepared frames', () => {
  it('is the same object, with the same bytes, for all who append the same', () => {
    const begun = new FrameRun(first)
    const runs = Array.from({ length: 3 }, () => begun.append(second)?.append(third))
    assert.ok(runs.every((run) => run !== null && run === runs[0]))
    assert.equal(Buffer.from(runs[0]?.bytes as Uint8Array).toString(), 'firstsecondthird')
    assert.equal(runs[0]?.bytes, runs[1]?.bytes)
    assert.equal(runs[0]?.length, 16)
  })

  it('gives whoever appends something else a run of its own, and changes nobody else', () => {
    const begun = new FrameRun(first)
    const one = begun.append(second) as FrameRun
    const other = begun.append(third) as FrameRun
    assert.equal(Buffer.from(one.bytes).toString(), 'firstsecond')
    assert.equal(Buffer.from(other.bytes).toString(), 'firstthird')
    assert.equal(begun.bytes, first)
  })

  it('ends at 64 KiB or 256 frames', () => {
    let run: FrameRun | null = new FrameRun(first)
    let count = 1
    for (; run !== null; run = run.append(second)) count++
    assert.equal(count, 257)
    assert.equal(new FrameRun(Buffer.alloc(65_000)).append(Buffer.alloc(1000)), null)
  })
})
