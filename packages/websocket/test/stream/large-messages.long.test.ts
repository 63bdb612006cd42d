// Messages of 256 MiB and 2 GiB through a process whose memory does not follow their size.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { throughMemory } from './through-memory.ts'

for (const size of [256, 2048]) {
  test(`a message of ${size} MiB passes through 128 MiB more memory at most`, async () => {
    const { bytes, growth } = await throughMemory(size)
    assert.equal(bytes, size * 1024 * 1024)
    assert.ok(growth < 128, `memory grew by ${growth} MiB`)
  })
}
