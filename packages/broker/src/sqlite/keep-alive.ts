// Keeps the process alive while an append waits for its commit: timers of a Clock do not. It does nothing else.

import { MessageChannel, type MessagePort } from 'node:worker_threads'

export class KeepAlive {
  #port: MessagePort | null = null

  start(): void {
    if (this.#port === null) {
      this.#port = new MessageChannel().port1
      this.#port.on('message', () => {})
    }
    this.#port.ref()
  }

  stop(): void {
    this.#port?.unref()
  }

  /** Gives the port back. */
  close(): void {
    this.#port?.close()
    this.#port = null
  }
}
