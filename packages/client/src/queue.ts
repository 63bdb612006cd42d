// What waits for the application, and the application that waits: a queue with one end for `next()`. It has no bound of
// its own; whoever fills it looks at `length`.

import { type Deferred, deferred } from './promises.ts'

/** @typeParam I what waits; V what an iterator is given */
export class Queue<I, V> {
  /** Was an iterator opened? */
  opened: boolean = false
  #items: I[] = []
  readonly #asking: Deferred<IteratorResult<V, undefined>>[] = []
  #ended: { readonly error: Error | undefined } | null = null

  get length(): number {
    return this.#items.length
  }

  get first(): I | undefined {
    return this.#items[0]
  }

  get last(): I | undefined {
    return this.#items.at(-1)
  }

  /** Is somebody waiting in `next()`? */
  get asked(): boolean {
    return this.#asking.length > 0
  }

  push(item: I): void {
    this.#items.push(item)
  }

  replaceLast(item: I): void {
    this.#items[this.length - 1] = item
  }

  shift(): void {
    this.#items.shift()
  }

  clear(): void {
    this.#items = []
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
  end(error?: Error): void {
    this.#ended ??= { error }
    this.settle()
  }

  /** Tells whoever asks that there is no more, if so. */
  settle(): void {
    if (!this.#ended || this.length > 0) return
    for (const asking of this.#asking.splice(0)) {
      const { error } = this.#ended
      this.#ended = { error: undefined }
      if (!error) asking.resolve({ done: true, value: undefined })
      else asking.reject(error)
    }
  }
}
