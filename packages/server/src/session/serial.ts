// Commands for one channel run strictly one after another, those for different channels side by side.

import { dropping, entering, fewEntries } from '../few.ts'

/** Keeps an order per channel. What waits is bounded by the commands that a connection may have in flight. */
export class Serial {
  private tails: ReadonlyMap<string, Promise<void>> = fewEntries()

  /** Runs a task behind those of its channel: at once if there are none. A task handles its own errors. */
  run(channel: string, task: () => Promise<void> | void): void {
    const tail = this.tails.get(channel)
    const running = tail === undefined ? task() : tail.then(task)
    if (running === undefined) return
    const done: Promise<void> = running.then(() => {
      if (this.tails.get(channel) === done) this.tails = dropping(this.tails, channel)
    })
    this.tails = entering(this.tails, channel, done)
  }
}
