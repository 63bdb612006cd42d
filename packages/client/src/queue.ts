// What waits for the application, and the application that waits: a queue with one end for `next()`. It has no bound of
// its own; whoever fills it looks at `length`.

import { type Deferred, deferred } from './promises.ts'

/** @typeParam I what waits; V what an iterator is given */
export class Queue<I, V> {
  /** Was an iterator opened? */
  opened: boolean = false
  #items: I[] = []
  /** Index of the first: what is before it was taken. */
  #taken: number = 0
  readonly #asking: Deferred<IteratorResult<V, undefined>>[] = []
  #ended: { readonly error: Error | null } | null = null

  get length(): number {
    return this.#items.length - this.#taken
  }

  get first(): I | undefined {
    return this.#items[this.#taken]
  }

  get last(): I | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  /** Is somebody waiting in `next()`? */
  get asked(): boolean {
    return this.#asking.length > 0
  }

  open(): void {
    this.opened = true
  }

  push(item: I): void {
    this.#items.push(item)
  }

  replaceLast(item: I): void {
    this.#items[this.#items.length - 1] = item
  }

  shift(): void {
    this.#taken++
    if (this.#taken === this.#items.length) this.clear()
    else if (this.#taken >= 512) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
  }

  clear(): void {
    this.#items = []
    this.#taken = 0
  }

  /** Resolves with what `give` gives. After the end: rejects with the error once, then there is no more. */
  next(): Promise<IteratorResult<V, undefined>> {
    const asking = deferred<IteratorResult<V, undefined>>()
    this.#asking.push(asking)
    return asking.promise
  }

  give(value: V): void {
    this.#asking.shift()?.resolve({ done: false, value })
  }

  /** Nothing is pushed any more; what waits is still given. */
  end(error: Error | null): void {
    this.#ended ??= { error }
    this.settle()
  }

  /** Tells whoever asks that there is no more, if so. */
  settle(): void {
    if (this.#ended === null || this.length > 0) return
    for (const asking of this.#asking.splice(0)) {
      const { error } = this.#ended
      this.#ended = { error: null }
      if (error === null) asking.resolve({ done: true, value: undefined })
      else asking.reject(error)
    }
  }
}
