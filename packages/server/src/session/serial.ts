// Commands for one channel run strictly one after another, those for different channels side by side.

/** Keeps an order per channel. What waits is bounded by the commands that a connection may have in flight. */
export class Serial {
  private readonly tails: Map<string, Promise<void>> = new Map()

  /** Runs a task behind those of its channel: at once if there are none. A task handles its own errors. */
  run(channel: string, task: () => Promise<void> | void): void {
    const tail = this.tails.get(channel)
    const running = tail === undefined ? task() : tail.then(task)
    if (running === undefined) return
    const done: Promise<void> = running.then(() => {
      if (this.tails.get(channel) === done) this.tails.delete(channel)
    })
    this.tails.set(channel, done)
  }
}
