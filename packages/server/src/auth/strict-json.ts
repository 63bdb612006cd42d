// JSON of a token: a small object in which no name stands twice (RFC 7519 §4; RFC 8725 §2.4: two readers must not see two
// texts in one). One pass over the text, then JSON.parse; nothing of it is copied into an object that has a prototype's
// names.

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Levels of nesting: claims are flat, rights are four levels deep. */
const DEPTH = 16

/**
 * @returns null: no JSON object, a name twice, `__proto__` as a name, or nested too deep
 */
export function parseStrict(text: string): Readonly<Record<string, unknown>> | null {
  if (!isStrict(text)) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** Looks at the names of all objects. What is no JSON may pass: JSON.parse follows. */
function isStrict(text: string): boolean {
  /** The names of each open object; null for a list. */
  const open: (Set<string> | null)[] = []
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[') {
      if (open.length === DEPTH) return false
      open.push(char === '{' ? new Set() : null)
    } else if (char === '}' || char === ']') open.pop()
    else if (char === '"') {
      const end = endOf(text, i)
      if (end === -1) return false
      const names = open.at(-1)
      if (names && isName(text, end) && !addName(names, text.slice(i, end))) return false
      i = end - 1
    }
  }
  return true
}

/** The index behind a string; −1: it does not end. */
function endOf(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i + 1
    if (code === BACKSLASH) i++
  }
  return -1
}

/** Does a colon follow? */
function isName(text: string, end: number): boolean {
  for (let i = end; i < text.length; i++) {
    const char = text[i] as string
    if (char !== ' ' && char !== '\t' && char !== '\n' && char !== '\r') return char === ':'
  }
  return false
}

/** Names are the same however they are escaped. */
function addName(names: Set<string>, quoted: string): boolean {
  let name: string
  try {
    name = JSON.parse(quoted) as string
  } catch {
    return false
  }
  if (name === '__proto__' || names.has(name)) return false
  names.add(name)
  return true
}
