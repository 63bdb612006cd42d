// base64url without padding (RFC 4648 §5): how bytes travel in JSON. Strict: every sequence of bytes has exactly one
// text. It never throws.

const CODES: Uint8Array = /* @__PURE__ */ Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  (character) => character.charCodeAt(0),
)
/** Character code → its six bits, plus one; 0 or none: not of the alphabet. */
const VALUES: Uint8Array = /* @__PURE__ */ CODES.reduce((values, code, value) => {
  values[code] = value + 1
  return values
}, /* @__PURE__ */ new Uint8Array(123))

const ascii = /* @__PURE__ */ new TextDecoder('latin1')

/** The text of some bytes. */
export function base64url(bytes: Uint8Array): string {
  const { length } = bytes
  const out = new Uint8Array(Math.ceil(length / 3) * 4)
  for (let i = 0, at = 0; i < length; i += 3) {
    // Behind the end there are zeros, whose characters are cut off.
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out[at++] = CODES[bits >> 18] as number
    out[at++] = CODES[(bits >> 12) & 63] as number
    out[at++] = CODES[(bits >> 6) & 63] as number
    out[at++] = CODES[bits & 63] as number
  }
  return ascii.decode(out.subarray(0, Math.ceil((length * 4) / 3)))
}

/** The bytes of a text, fresh; null where it is no base64url, is padded, or has bits left over. */
export function unbase64url(text: string): Uint8Array | null {
  const out = new Uint8Array((text.length * 3) >> 2)
  let at = 0
  let bits = 0
  let held = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)]
    if (!value) return null
    bits = (bits << 6) | (value - 1)
    held += 6
    if (held >= 8) {
      held -= 8
      out[at++] = bits >> held
      bits &= (1 << held) - 1
    }
  }
  // Six bits: a character alone.
  return bits === 0 && held < 6 ? out : null
}
