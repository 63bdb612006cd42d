// base64url without padding (RFC 4648 §5): how bytes travel in JSON. Strict: every sequence of bytes has exactly one
// text. It never throws.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
/** Character code → its six bits; 255: not of the alphabet. */
const VALUES: Uint8Array = new Uint8Array(256).fill(255)
for (let value = 0; value < 64; value++) VALUES[CODES[value] as number] = value

const ascii = new TextDecoder('latin1')

/** The text of some bytes. */
export function base64url(bytes: Uint8Array): string {
  const { length } = bytes
  const out = new Uint8Array(Math.ceil((length * 4) / 3))
  let at = 0
  let i = 0
  for (; i + 3 <= length; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out[at++] = CODES[bits >>> 18] as number
    out[at++] = CODES[(bits >>> 12) & 63] as number
    out[at++] = CODES[(bits >>> 6) & 63] as number
    out[at++] = CODES[bits & 63] as number
  }
  if (i < length) {
    const bits = ((bytes[i] as number) << 16) | ((i + 1 < length ? (bytes[i + 1] as number) : 0) << 8)
    out[at++] = CODES[bits >>> 18] as number
    out[at++] = CODES[(bits >>> 12) & 63] as number
    if (i + 1 < length) out[at++] = CODES[(bits >>> 6) & 63] as number
  }
  return ascii.decode(out)
}

/** Six bits of a character, 255 where it is none of the alphabet. */
function sextet(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? 255
}

/** The bytes of a text, fresh; null where it is no base64url, is padded, or has bits left over. */
export function unbase64url(text: string): Uint8Array | null {
  const { length } = text
  const rest = length & 3
  if (rest === 1) return null
  const out = new Uint8Array(Math.floor((length * 3) / 4))
  let at = 0
  let i = 0
  for (; i + 4 <= length; i += 4) {
    const a = sextet(text, i)
    const b = sextet(text, i + 1)
    const c = sextet(text, i + 2)
    const d = sextet(text, i + 3)
    if ((a | b | c | d) > 63) return null
    out[at++] = (a << 2) | (b >>> 4)
    out[at++] = (b << 4) | (c >>> 2)
    out[at++] = (c << 6) | d
  }
  if (rest === 0) return out
  const a = sextet(text, i)
  const b = sextet(text, i + 1)
  const c = rest === 3 ? sextet(text, i + 2) : 0
  if ((a | b | c) > 63 || (rest === 2 ? b & 15 : c & 3) !== 0) return null
  out[at++] = (a << 2) | (b >>> 4)
  if (rest === 3) out[at] = (b << 4) | (c >>> 2)
  return out
}
