// Things that wait to be used again, at most so many. An array that is popped empty gives its memory back, so that each
// push after it would take new memory (152 bytes a turn): this list is never shortened.

export class Spares<T> {
  private readonly places: (T | null)[] = []
  private readonly most: number
  private count = 0

  constructor(most: number) {
    this.most = most
  }

  /** The one that was put last, or null. */
  take(): T | null {
    if (this.count === 0) return null
    this.count--
    const one = this.places[this.count] as T
    // Whoever has it now may drop it: nothing may hold on to it then.
    this.places[this.count] = null
    return one
  }

  /** One too many is left to the garbage collector. */
  put(one: T): void {
    if (this.count < this.most) this.places[this.count++] = one
  }
}
