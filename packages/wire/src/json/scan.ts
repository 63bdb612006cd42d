// One look at the text of a message before JSON.parse sees it: how deep, how many keys, numbers that a double cannot
// hold. JSON.parse takes five million levels, and Infinity for 1e400. It never says that a text is JSON.

import { OVERFLOW, UNSAFE_INTEGER } from '../bad.ts'
import type { FrameLimits } from '../codec.ts'
import { WireError } from '../errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a

/** Kinds of characters outside of strings. */
const PLAIN = 0
const OPEN = 1
const CLOSE = 2
const COLON = 3
const STRING = 4
const NUMBER = 5
const END = 6

const KINDS: Uint8Array = new Uint8Array(128)
for (const [kind, characters] of [
  [OPEN, '{['],
  [CLOSE, '}]'],
  [COLON, ':'],
  [STRING, '"'],
  [NUMBER, '-0123456789'],
  [END, '\n'],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind
}

/** Strings are read in JavaScript up to this length, then by indexOf, which is faster but slower to begin. */
const SHORT = 24

/** No integer with fewer characters leaves ±(2^53 − 1). */
const SAFE_DIGITS = 15

/** What the scan found: where the message ends (exclusive), and what `Decoded.bad` will say. */
export interface Scanned {
  readonly end: number
  readonly bad: string | undefined
}

/** The index behind a string that starts at `quote`. A string that does not end ends the text. */
function skipString(text: string, quote: number): number {
  let i = quote + 1
  for (const near = Math.min(text.length, i + SHORT); i < near; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i + 1
    if (code === BACKSLASH) i++
  }
  for (;;) {
    const end = text.indexOf('"', i)
    if (end === -1) return text.length
    let back = end
    while (back > i && text.charCodeAt(back - 1) === BACKSLASH) back--
    i = end + 1
    if (((end - back) & 1) === 0) return i
  }
}

/** Reads a number from `start`; gives its end, negative where it is bad. */
function checkNumber(text: string, start: number): number {
  let i = start + 1
  let whole = true
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) continue
    // . e E + -
    if (code !== 0x2e && code !== 0x65 && code !== 0x45 && code !== 0x2b && code !== 0x2d) break
    whole = false
  }
  if (whole) return i - start <= SAFE_DIGITS || Number.isSafeInteger(Number(text.slice(start, i))) ? i : -i
  const value = Number(text.slice(start, i))
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? -i : i
}

/** Why a number is bad. */
function reason(text: string, start: number, end: number): string {
  return Number.isFinite(Number(text.slice(start, end))) ? UNSAFE_INTEGER : OVERFLOW
}

/**
 * Scans one message from `start` to the next newline outside of a string, or to the end of the text.
 *
 * @throws WireError `too-large`: over `limits.depth` or `limits.keys`
 */
export function scanJson(text: string, start: number, limits: FrameLimits): Scanned {
  const { length } = text
  let depth = 0
  let keys = 0
  let bad: string | undefined
  let i = start
  while (i < length) {
    const code = text.charCodeAt(i)
    const kind = code < 128 ? KINDS[code] : PLAIN
    if (kind === STRING) {
      i = skipString(text, i)
      continue
    }
    if (kind === NUMBER) {
      const end = checkNumber(text, i)
      if (end < 0) bad ??= reason(text, i, -end)
      i = Math.abs(end)
      continue
    }
    if (kind === OPEN) {
      if (++depth > limits.depth) throw new WireError('too-large', `a message is nested deeper than ${limits.depth}`)
    } else if (kind === CLOSE) depth--
    else if (kind === COLON) {
      if (++keys > limits.keys) throw new WireError('too-large', `a message has more than ${limits.keys} keys`)
    } else if (code === NEWLINE) break
    i++
  }
  return { end: i, bad }
}
