// What the targets of tautline.v1 share: small limits, so that mutants of 4 KiB reach them, and what may be thrown.

import assert from 'node:assert/strict'
import { type Codec, type Decoded, type FrameLimits, LIMITS, type Limits, WireError } from '@tautline/wire'

export const SMALL: Limits = {
  ...LIMITS,
  frame: 2_000,
  messages: 6,
  body: 300,
  depth: 8,
  keys: 30,
  name: 60,
  channels: 4,
  page: 50,
  token: 40,
  key: 32,
  state: 20,
  epoch: 30,
  features: 3,
  cursor: 30,
}

/** For what was read already, and is written longer. */
export const WIDE: FrameLimits = { bytes: 1 << 20, messages: 1_000, depth: 64, keys: 10_000 }

/** No input of 4 KiB takes so long, however many programs run beside this one; ms of the processor. */
const LONGEST = 1_000

/** @throws AssertionError also if it took too long */
export function inTime<T>(run: () => T): T {
  const before = process.cpuUsage()
  const result = run()
  const { user } = process.cpuUsage(before)
  assert.ok(user < LONGEST * 1000, `it took ${user / 1000} ms`)
  return result
}

/** A message of ours has nothing of the peer's in it that a log would have to escape. */
export function isHarmless(text: string): boolean {
  return /^[\x20-\x7e±−]{1,200}$/.test(text)
}

/** What a frame holds, or how it is refused; anything else that is thrown is a finding. */
export function decode(codec: Codec, frame: string | Uint8Array, limits: FrameLimits): Decoded[] | WireError['kind'] {
  try {
    return codec.decode(frame, limits)
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    assert.ok(isHarmless(error.message), error.message)
    return error.kind
  }
}

/** Runs a reader that may find its input malformed. */
export function orMalformed<T>(read: () => T): T | 'malformed' {
  try {
    return read()
  } catch (error) {
    assert.ok(error instanceof WireError && error.kind === 'malformed', String(error))
    return 'malformed'
  }
}
