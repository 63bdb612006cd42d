// Who is writing just now, and how often we say that we are. Pure; it forgets quickly.

/** Milliseconds between two hints of ours, and how long a hint of somebody else counts. */
const SAY_EVERY = 2_000
const BELIEVE_FOR = 3_500

export class Typing {
  readonly #until: Map<string, number>
  #saidAt: number

  constructor() {
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

  /** What the page says about those who are here; '' when nobody is writing. */
  sentence(people: readonly { readonly id: string; readonly name: string }[], now: number): string {
    for (const [user, until] of this.#until) if (until <= now) this.#until.delete(user)
    const names = people.filter(({ id }) => this.#until.has(id)).map(({ name }) => isolate(name))
    const [first, second] = names
    if (first === undefined) return ''
    if (second === undefined) return `${first} is writing …`
    return names.length === 2 ? `${first} and ${second} are writing …` : `${names.length} people are writing …`
  }
}

/** First-strong isolates (U+2068 … U+2069): a right-to-left name does not reorder the sentence. */
function isolate(name: string): string {
  return `\u2068${name}\u2069`
}
