// Who hears of which channel inside this process. What is told goes out in a microtask of the same turn, in the order in
// which it was told: never within the call that told it, never within another sink. It keeps nothing for later.

import { isPattern, matchesPattern } from '@tautline/wire'
import type { Detach } from '../broker.ts'

interface Attachment<S> {
  readonly sink: S
  live: boolean
}

interface Telling<S> {
  readonly channel: string
  readonly call: (sink: S) => void
}

/** Sinks by channel and by pattern. */
export class Feeds<S> {
  readonly #channels = new Map<string, Set<Attachment<S>>>()
  readonly #patterns = new Map<string, Set<Attachment<S>>>()
  #queue: Telling<S>[] = []
  #scheduled = false

  /** Names that have a sink: for bounds and tests. */
  get size(): number {
    return this.#channels.size + this.#patterns.size
  }

  attach(channel: string, sink: S): Detach {
    return enter(this.#channels, channel, sink)
  }

  attachPattern(pattern: string, sink: S): Detach {
    return enter(isPattern(pattern) ? this.#patterns : this.#channels, pattern, sink)
  }

  /** Has `call` called with every sink of the channel, in a microtask. */
  tell(channel: string, call: (sink: S) => void): void {
    if (this.#channels.size === 0 && this.#patterns.size === 0) return
    this.#queue.push({ channel, call })
    if (this.#scheduled) return
    this.#scheduled = true
    void Promise.resolve().then(() => this.flush())
  }

  /** Tells now what waits for the microtask. */
  flush(): void {
    this.#scheduled = false
    // What a sink causes to be told goes into the next queue and its own microtask.
    const queue = this.#queue
    this.#queue = []
    for (const { channel, call } of queue) {
      const direct = this.#channels.get(channel)
      if (direct !== undefined) callAll(direct, call)
      for (const [pattern, attachments] of this.#patterns) {
        if (matchesPattern(pattern, channel)) callAll(attachments, call)
      }
    }
  }

  /** Ends all attachments. */
  clear(): void {
    for (const names of [this.#channels, this.#patterns]) {
      for (const attachments of names.values()) for (const attachment of attachments) attachment.live = false
      names.clear()
    }
    this.#queue = []
  }
}

function enter<S>(names: Map<string, Set<Attachment<S>>>, name: string, sink: S): Detach {
  const attachment: Attachment<S> = { sink, live: true }
  const present = names.get(name)
  if (present === undefined) names.set(name, new Set([attachment]))
  else present.add(attachment)
  return () => {
    if (!attachment.live) return
    attachment.live = false
    const attachments = names.get(name)
    attachments?.delete(attachment)
    if (attachments?.size === 0) names.delete(name)
  }
}

function callAll<S>(attachments: ReadonlySet<Attachment<S>>, call: (sink: S) => void): void {
  for (const attachment of attachments) {
    if (!attachment.live) continue
    try {
      call(attachment.sink)
    } catch (error) {
      // A sink that throws is a bug of this process: it must be seen, and must not cost the others their entry.
      void Promise.reject(error)
    }
  }
}
