// What happened in a run, one line after the other, and a hash over it: two runs of one seed have the same. Lines are
// kept only where somebody will read them; a failing seed is simply run again.

/** One thing that happened. */
export interface Line {
  readonly at: number
  readonly who: string
  readonly channel: string | null
  readonly text: string
}

/** The trace of one run. */
export class Trace {
  readonly lines: Line[] = []
  readonly #keep: boolean
  #hash = 0x811c9dc5

  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** FNV-1a over all that was noted. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  note(at: number, who: string, channel: string | null, text: string): void {
    this.#mix(who)
    this.#mix(text)
    this.#hash = Math.imul(this.#hash ^ Math.round(at * 1_000), 0x01000193)
    if (this.#keep) this.lines.push({ at, who, channel, text })
  }

  #mix(text: string): void {
    let hash = this.#hash
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.#hash = hash
  }
}

/** Lines for people: those of one channel, and those that concern all. */
export function printTrace(lines: readonly Line[], channel: string | null, last: number): string {
  const chosen = lines.filter((line) => channel === null || line.channel === null || line.channel === channel)
  const shown = chosen.slice(-last)
  const left = chosen.length - shown.length
  const head = left > 0 ? [`… ${left} lines before`] : []
  return [...head, ...shown.map(({ at, who, text }) => `${at.toFixed(1).padStart(10)}  ${who.padEnd(8)} ${text}`)].join(
    '\n',
  )
}
