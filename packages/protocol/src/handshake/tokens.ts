// The alphabet of HTTP heads: one table of byte classes, and single-pass scans over strings that were decoded as latin1.
// No regular expression touches what a peer sent, and nothing here looks a peer's text up in an object.

/** Bit of a `tchar` (RFC 9110 §5.6.2). */
export const TOKEN = 1
/** Bit of a byte that may stand in a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5). */
export const VALUE = 2
/** Bit of a byte that may stand in a request target: VCHAR without `#` (RFC 9112 §3.2; a fragment is never sent). */
export const TARGET = 4
/** Bit of a byte of a method name: methods are case-sensitive, and all registered ones are of A-Z and `-`. */
export const METHOD = 8
/** Bit of 0-9. */
export const DIGIT = 16
/** Bit of 0-9, a-f, A-F. */
export const HEX = 32
/** Bit of the base64 alphabet without its padding (RFC 4648 §4). */
export const BASE64 = 64
/** Bit of `unreserved` and `sub-delims`: what a host name is made of (RFC 3986 §3.2.2). */
export const HOST = 128

export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const COLON = 0x3a

/** The classes of every byte, as bits. */
export const CLASSES: Uint8Array = classes()

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  const mark = (characters: string, bits: number): void => {
    for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)]! |= bits
  }
  for (let byte = 0x20; byte < 256; byte++) if (byte !== 0x7f) table[byte]! |= VALUE
  table[HTAB]! |= VALUE
  for (let byte = 0x21; byte < 0x7f; byte++) if (byte !== 0x23) table[byte]! |= TARGET
  mark('ABCDEFGHIJKLMNOPQRSTUVWXYZ', TOKEN | METHOD | BASE64 | HOST)
  mark('abcdefghijklmnopqrstuvwxyz', TOKEN | BASE64 | HOST)
  mark('0123456789', TOKEN | BASE64 | HOST | DIGIT | HEX)
  mark('abcdefABCDEF', HEX)
  mark("!#$%&'*+-.^_`|~", TOKEN)
  mark('-', METHOD)
  mark('+/', BASE64)
  mark("-._~!$&'()*+,;=", HOST)
  return table
}

/** The classes of the character at `index`; 0 for one that is no byte, so that it is in no class. */
export function classAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 256 ? CLASSES[code]! : 0
}

/** Are all characters of `text` in the class `bit`? True of the empty string. */
export function allOf(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) if ((classAt(text, i) & bit) === 0) return false
  return true
}

/** Is `text` a `token` (RFC 9110 §5.6.2)? */
export function isToken(text: string): boolean {
  return text.length > 0 && allOf(text, TOKEN)
}

/** SP or HTAB, the only blanks inside a head (RFC 9110 §5.6.3). */
export function isBlank(code: number): boolean {
  return code === SP || code === HTAB
}

/** Where `text[from, to)` begins behind its leading blanks. */
function contentStart(text: string, from: number, to: number): number {
  let start = from
  while (start < to && isBlank(text.charCodeAt(start))) start++
  return start
}

/** Where `text[from, to)` ends before its trailing blanks. */
export function contentEnd(text: string, from: number, to: number): number {
  let end = to
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--
  return end
}

/** ASCII case-insensitive equality: never Unicode's, for which `K` (Kelvin) would be a `k`. */
export function equalsIgnoringCase(a: string, b: string): boolean {
  return rangeEqualsIgnoringCase(a, 0, a.length, b)
}

/** The same of `text[from, to)` and `other`. */
export function rangeEqualsIgnoringCase(text: string, from: number, to: number, other: string): boolean {
  if (to - from !== other.length) return false
  for (let i = 0; i < other.length; i++) {
    const x = text.charCodeAt(from + i)
    const y = other.charCodeAt(i)
    if (x !== y && lower(x) !== lower(y)) return false
  }
  return true
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code
}

/**
 * Does a comma-separated list contain `token`, compared without case? Other members of the list may be anything:
 * they are addressed to somebody else.
 */
export function listContains(list: string, token: string): boolean {
  for (let start = 0; start <= list.length; ) {
    const comma = list.indexOf(',', start)
    const end = comma === -1 ? list.length : comma
    const content = contentStart(list, start, end)
    if (rangeEqualsIgnoringCase(list, content, contentEnd(list, content, end), token)) return true
    start = end + 1
  }
  return false
}

/**
 * Splits a list of tokens, with neither empty members nor anything that is no token.
 *
 * @returns null when the list breaks that rule (RFC 6455 §11.3.4 allows neither)
 */
export function parseTokenList(list: string): string[] | null {
  const tokens: string[] = []
  for (let start = 0; start <= list.length; ) {
    const comma = list.indexOf(',', start)
    const end = comma === -1 ? list.length : comma
    const content = contentStart(list, start, end)
    const token = list.slice(content, contentEnd(list, content, end))
    if (!isToken(token)) return null
    tokens.push(token)
    start = end + 1
  }
  return tokens
}

/**
 * Is `text` the base64 of 16 bytes by its form: 22 characters of the alphabet and `==`? The pad bits are not looked at:
 * RFC 6455 §4.2.1 asks for the length only, and peers exist that leave them non-zero.
 */
export function isKey(text: string): boolean {
  if (text.length !== 24 || !text.endsWith('==')) return false
  for (let i = 0; i < 22; i++) if ((classAt(text, i) & BASE64) === 0) return false
  return true
}
