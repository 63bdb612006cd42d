// How many messages of one room somebody has not seen, and where the line "New messages" stands. Pure: it hears what
// arrives and when somebody looks, and never looks itself.

export class ReadMark {
  #unread: number
  #line: string | null

  constructor() {
    this.#unread = 0
    this.#line = null
  }

  get unread(): number {
    return this.#unread
  }

  /** The row that the line stands above; null: there is no line. */
  get line(): string | null {
    return this.#line
  }

  /** A message of somebody else came while nobody looked. */
  missed(key: string): void {
    if (this.#unread === 0 && this.#line === null) this.#line = key
    this.#unread += 1
  }

  /** Everything has been seen. The line stays, so that one sees where to begin. */
  seen(): void {
    this.#unread = 0
  }

  /** The reader turns away, or answers: what was new is not new any more. */
  turned(): void {
    if (this.#unread === 0) this.#line = null
  }
}
