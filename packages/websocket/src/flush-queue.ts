// One write per turn of the loop: whoever has something to send outside its own read is put on a list, and the list is
// written out once the turn's callbacks have run. A thousand publications of one turn are one write per connection.

/** Something with output to write. */
export interface Flushable {
  flush(): void
}

/** The list of a process. `setImmediate` runs right behind the poll phase, so the wait is the turn's other callbacks. */
export class FlushQueue {
  private waiting: Flushable[] = []
  private running: Flushable[] = []
  private scheduled = false
  private readonly run: () => void

  constructor() {
    this.run = () => this.flushAll()
  }

  add(item: Flushable): void {
    this.waiting.push(item)
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.run)
  }

  private flushAll(): void {
    this.scheduled = false
    const items = this.waiting
    this.waiting = this.running
    this.running = items
    let i = 0
    try {
      while (i < items.length) (items[i++] as Flushable).flush()
    } finally {
      // One that threw (a foreign stream may) must not take the others' turn.
      for (; i < items.length; i++) this.add(items[i] as Flushable)
      items.length = 0
    }
  }
}
