// What speaks against a change, in words. Everything shown of a file is escaped and short.

/** send: deployed clients send what the old contract says. read: they read what the new one says. */
export type Direction = 'send' | 'read'

export interface Reason {
  readonly kind: 'breaking' | 'unknown'
  /** `data.items.*.price` */
  readonly path: string
  readonly what: string
  readonly why: string
}

const WHY = { send: 'deployed clients may send it', read: 'deployed clients do not expect it' } as const

/** @returns what changed, as this direction says it, and why that matters */
export function words(
  direction: Direction,
  send: string,
  read: string,
): { readonly what: string; readonly why: string } {
  const what = direction === 'send' ? send : read
  if (what.includes('required now')) return { what, why: 'deployed clients may leave it out' }
  return { what, why: what.includes('missing now') ? 'deployed clients count on it' : WHY[direction] }
}

export function reason(path: string, kind: Reason['kind'], what: string): Reason {
  return { kind, path, what, why: 'this cannot be judged: look at it yourself' }
}

export function kindText(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    number: 'a number',
    string: 'text',
    list: 'a list',
    object: 'an object',
  }
  return names[kind] ?? kind
}

export function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
