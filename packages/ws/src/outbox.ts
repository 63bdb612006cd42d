// Sends that wait because a Blob is being read: the order of messages is the order of the calls, whatever they hold.

/** One call that waits. */
export interface Waiting {
  readonly data: unknown
  /** Bytes it counts for in bufferedAmount. */
  readonly size: number
  /** Called in turn; a Blob was read into an ArrayBuffer by then. */
  readonly send: (data: unknown) => void
  /** Called only if it never will be sent. */
  readonly failed: (error: Error) => void
}

/** The queue of one connection; made with its first Blob, and dropped by its owner when it is empty. */
export class Outbox {
  /** What waits. */
  bytes = 0
  readonly #queue: Waiting[] = []
  readonly #onEmpty: () => void
  readonly #onError: (error: Error) => void
  #reading = false

  constructor(onEmpty: () => void, onError: (error: Error) => void) {
    this.#onEmpty = onEmpty
    this.#onError = onError
  }

  add(waiting: Waiting): void {
    this.#queue.push(waiting)
    this.bytes += waiting.size
    if (!this.#reading) this.#advance()
  }

  /** The connection is gone. */
  fail(error: Error): void {
    for (const waiting of this.#queue.splice(0)) waiting.failed(error)
  }

  #advance(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (first.data instanceof Blob) return this.#read(first.data)
      this.#send(first, first.data)
    }
    this.#onEmpty()
  }

  #read(blob: Blob): void {
    this.#reading = true
    blob.arrayBuffer().then(
      (bytes) => {
        this.#reading = false
        const [first] = this.#queue
        // Failed meanwhile: nobody waits any more.
        if (first === undefined) return
        this.#send(first, bytes)
        this.#advance()
      },
      (error: Error) => {
        // Out of the promise: what a callback throws must not end as an unhandled rejection.
        process.nextTick(() => {
          this.fail(error)
          this.#onError(error)
        })
      },
    )
  }

  #send(waiting: Waiting, data: unknown): void {
    this.#queue.shift()
    this.bytes -= waiting.size
    waiting.send(data)
  }
}
