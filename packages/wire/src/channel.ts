// The grammar of channel names and patterns (`tautline.v1 §12`): one for all brokers. Linear in the length of the name,
// without regular expressions; it never normalises, cuts or escapes.

/** Longest name or pattern, bytes. */
export const MAX_NAME = 128

const STAR = 0x2a
const DOT = 0x2e

/** Printable ASCII without space, and without what stores read as wildcards, quotes or groups: * > { } \ */
const ALLOWED: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) =>
  code > 0x20 && code < 0x7f && !'*>{}\\'.includes(String.fromCharCode(code)) ? 1 : 0,
)

/**
 * What is wrong with a segment. '.' and '..' are refused because names end up in URLs, where they would be resolved.
 *
 * @param star may it be a wildcard?
 */
function checkSegment(name: string, start: number, end: number, star: boolean): string | null {
  if (start === end) return 'has an empty segment'
  const first = name.charCodeAt(start)
  if (star && first === STAR) {
    if (end === start + 1) return null
    if (end > start + 2 || name.charCodeAt(start + 1) !== STAR) return 'has a * that is not a whole segment'
    return end === name.length ? null : 'has a ** that is not its last segment'
  }
  if (first === DOT && (end === start + 1 || (end === start + 2 && name.charCodeAt(start + 1) === DOT))) {
    return 'has . or .. as a segment'
  }
  for (let i = start; i < end; i++) {
    const code = name.charCodeAt(i)
    if (code > 127 || ALLOWED[code] === 0) {
      return star && code === STAR
        ? 'has a * that is not a whole segment'
        : 'has a character that is not printable ASCII without space * > { } \\'
    }
  }
  return null
}

function check(name: string, star: boolean): string | null {
  if (typeof name !== 'string') return 'is not text'
  if (name.length === 0) return 'is empty'
  if (name.length > MAX_NAME) return `has more than ${MAX_NAME} characters`
  for (let start = 0; ; ) {
    const colon = name.indexOf(':', start)
    const end = colon === -1 ? name.length : colon
    const wrong = checkSegment(name, start, end, star)
    if (wrong !== null) return wrong
    if (colon === -1) return null
    start = colon + 1
  }
}

/** null: it is a channel name. Otherwise what is wrong, to be read behind the name: 'is empty', 'has …'. */
export function checkChannel(name: string): string | null {
  return check(name, false)
}

/** As `checkChannel`, for a pattern: `*` is any one segment, a final `**` one or more. A name is a pattern too. */
export function checkPattern(pattern: string): string | null {
  return check(pattern, true)
}

/** Has it a wildcard? No channel name has. */
export function isPattern(name: string): boolean {
  return name.includes('*')
}

/** Does a correct pattern cover a correct name? */
export function matchesPattern(pattern: string, channel: string): boolean {
  let c = 0
  for (let p = 0; p < pattern.length; p++) {
    if (pattern[p] === '*') {
      if (pattern[p + 1] === '*') return c < channel.length
      while (c < channel.length && channel[c] !== ':') c++
    } else if (pattern[p] !== channel[c++]) return false
  }
  return c === channel.length
}
