// Who this browser is: a secret key that only our server sees, and the name its user chose. Both are kept in
// localStorage, so that all tabs are one person. Without storage (forbidden, private) they last as long as the page.
import { cleanName } from '../shared/messages.ts'
import type { Remembered } from './storage.ts'

export class Identity {
  readonly key: string
  readonly #settings: Remembered

  constructor(settings: Remembered) {
    this.#settings = settings
    this.key = settings.get('key') ?? randomId(16)
    settings.set('key', this.key)
  }

  /** As all tabs of this browser know it; '' until one was chosen. */
  get name(): string {
    return cleanName(this.#settings.get('name') ?? '')
  }

  rename(name: string): void {
    this.#settings.set('name', cleanName(name))
  }
}

/** Random bytes as hex; `crypto.randomUUID` is missing where the page came by plain http from another machine. */
export function randomId(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes))
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
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
