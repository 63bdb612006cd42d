// Who this browser is: a secret key that only our server sees, and the name its user chose. Both are kept in
// localStorage, so that all tabs are one person. Without storage (forbidden, private) they last as long as the page.
import { cleanName } from '../shared/messages.ts'

const KEY = 'tautline.chat.key'
const NAME = 'tautline.chat.name'

export class Identity {
  readonly key: string
  #name: string

  constructor() {
    this.key = read(KEY) ?? randomId()
    write(KEY, this.key)
    this.#name = cleanName(read(NAME) ?? '')
  }

  /** '' until one was chosen. */
  get name(): string {
    return this.#name
  }

  rename(name: string): void {
    this.#name = cleanName(name)
    write(NAME, this.#name)
  }
}

/** 128 random bits as hex; `crypto.randomUUID` is missing where the page came by plain http from another machine. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const FIRST = [
  'Amber',
  'Brisk',
  'Calm',
  'Clever',
  'Coral',
  'Gentle',
  'Golden',
  'Keen',
  'Mellow',
  'Quiet',
  'Silver',
  'Swift',
]
const SECOND = ['Badger', 'Crane', 'Finch', 'Fox', 'Hare', 'Heron', 'Lynx', 'Otter', 'Owl', 'Seal', 'Swallow', 'Wren']

/** A friendly name to begin with. */
export function suggestName(random: () => number): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? 'Guest'
  return `${pick(FIRST)} ${pick(SECOND)}`
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // The key then lasts as long as this page.
  }
}
