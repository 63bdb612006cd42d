// Listeners, and the one place where functions of the application are called: what they throw, or reject with, reaches
// `report` and never the code that called them.

export type Report = (error: unknown) => void

/** Calls a function of the application. */
export function callOutside<A extends readonly unknown[]>(
  report: Report,
  call: (...args: A) => unknown,
  ...args: A
): void {
  try {
    const result = call(...args)
    // An async listener: any thenable, whatever made it.
    if (typeof (result as PromiseLike<unknown> | null)?.then === 'function') {
      ;(result as PromiseLike<unknown>).then(undefined, report)
    }
  } catch (error) {
    report(error)
  }
}

/** Listeners by event. One that throws does not keep the others from hearing. */
export class Emitter<Events> {
  readonly #report: Report
  readonly #listeners: Map<keyof Events, ((event: never) => unknown)[]> = new Map()

  constructor(report: Report) {
    this.#report = report
  }

  /**
   * @returns stops it; more than once does nothing
   * @throws TypeError
   */
  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => unknown): () => void {
    if (typeof listener !== 'function') throw new TypeError(`the listener of '${String(event)}' must be a function`)
    // A list that is being called is never changed: listeners added meanwhile hear the next event.
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
    let on = true
    return () => {
      const list = this.#listeners.get(event) ?? []
      const at = on ? list.lastIndexOf(listener) : -1
      on = false
      if (at !== -1) this.#listeners.set(event, list.toSpliced(at, 1))
    }
  }

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0
  }

  /** @param report gets what listeners throw, instead of the common one */
  emit<E extends keyof Events>(event: E, value: Events[E], report: Report = this.#report): void {
    for (const listener of this.#listeners.get(event) ?? []) callOutside(report, listener, value as never)
  }
}
