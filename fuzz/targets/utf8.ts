// UTF-8 in pieces against the platform's decoder for the whole.

import assert from 'node:assert/strict'
import { Utf8Validator } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { chunks, type Target } from '../target.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
}

export const utf8: Target = {
  name: 'utf8',
  dictionary: [
    'c3a4',
    'e6bca2',
    'f09f9880',
    'eda080',
    'edb080',
    'f48fbfbf',
    'f4908080',
    'c080',
    'e08080',
    'f0808080',
    'efbbbf',
    'ff',
    '80',
    'c2',
    'e1',
    'f1',
  ].map((hex) => Buffer.from(hex, 'hex')),
  run(bytes, random) {
    const validator = new Utf8Validator()
    let good = true
    for (const piece of chunks(bytes, random)) {
      good = validator.push(nodePlatform, piece, 0, piece.length)
      if (!good) break
    }
    assert.equal(good && validator.complete, isUtf8(bytes))
  },
}
