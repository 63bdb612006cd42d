// Control between nodes of one process. Bytes are copied and heard in a microtask, in order; nothing is kept.

import type { Control, Detach } from '../broker.ts'

export class LocalControl implements Control {
  readonly #listeners = new Map<string, (bytes: Uint8Array) => void>()

  send(node: string, bytes: Uint8Array, from?: string): Promise<'sent' | 'unknown'> {
    const copy = bytes.slice()
    for (const name of node === '*' ? [...this.#listeners.keys()] : [node]) {
      if (node === '*' && name === from) continue
      // Looked up late: a node that went meanwhile hears nothing.
      void Promise.resolve().then(() => this.#listeners.get(name)?.(copy))
    }
    return Promise.resolve('sent')
  }

  listen(node: string, heard: (bytes: Uint8Array) => void): Detach {
    this.#listeners.set(node, heard)
    return () => {
      // Another one may listen under the name by now.
      if (this.#listeners.get(node) === heard) this.#listeners.delete(node)
    }
  }

  /** Ends all listening. */
  clear(): void {
    this.#listeners.clear()
  }
}
