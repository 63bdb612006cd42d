// Who is writing just now, and how often we say that we are. It draws one line and forgets quickly.
import type { Person } from '../shared/messages.ts'
import { byId } from './dom.ts'

/** Milliseconds between two hints of ours, and how long a hint of somebody else counts. */
const SAY_EVERY = 2_000
const BELIEVE_FOR = 3_500

export class Typing {
  readonly #line: HTMLElement
  readonly #until: Map<string, number>
  #saidAt: number

  constructor() {
    this.#line = byId('typing', HTMLParagraphElement)
    this.#until = new Map()
    this.#saidAt = Number.NEGATIVE_INFINITY
  }

  /** True when it is time to tell the others again. */
  shouldSay(now: number): boolean {
    if (now - this.#saidAt < SAY_EVERY) return false
    this.#saidAt = now
    return true
  }

  /** Our message is out: the next keystroke is news again. */
  said(): void {
    this.#saidAt = Number.NEGATIVE_INFINITY
  }

  started(user: string, now: number): void {
    this.#until.set(user, now + BELIEVE_FOR)
  }

  stopped(user: string): void {
    this.#until.delete(user)
  }

  clear(): void {
    this.#until.clear()
  }

  render(people: ReadonlyMap<string, Person>, now: number): void {
    const names: string[] = []
    for (const [user, until] of this.#until) {
      const person = people.get(user)
      if (until <= now || person === undefined) this.#until.delete(user)
      else names.push(person.name)
    }
    const text = sentence(names)
    if (this.#line.textContent !== text) this.#line.textContent = text
  }
}

function sentence(names: readonly string[]): string {
  // First-strong isolates (U+2068 … U+2069): a right-to-left name does not reorder the sentence.
  const [first, second] = names.map((name) => `\u2068${name}\u2069`)
  if (first === undefined) return ''
  if (second === undefined) return `${first} is writing …`
  return names.length === 2 ? `${first} and ${second} are writing …` : `${names.length} people are writing …`
}
