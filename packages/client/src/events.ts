// Listeners, and the one place where functions of the application are called: what they throw, or reject with, reaches
// `report` and never the code that called them.

import { must } from './must.ts'

export type Report = (error: unknown) => void

/** Calls a function of the application. */
export function callOutside(report: Report, call: () => unknown): void {
  try {
    const result = call()
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
  /** Each in a list of its own: the same function may listen twice. */
  readonly #listeners: Map<keyof Events, Set<[(event: never) => unknown]>> = new Map()

  constructor(report: Report) {
    this.#report = report
  }

  /**
   * @returns stops it; more than once does nothing
   * @throws TypeError
   */
  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => unknown): () => void {
    must(typeof listener === 'function', 'on: the listener must be a function')
    const listeners = this.#of(event)
    const own: [typeof listener] = [listener]
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  has(event: keyof Events): boolean {
    return this.#of(event).size > 0
  }

  /** @param report gets what listeners throw, instead of the common one */
  emit<E extends keyof Events>(event: E, value: Events[E], report: Report = this.#report): void {
    // A copy: listeners added meanwhile hear the next event.
    for (const [listener] of [...this.#of(event)]) callOutside(report, () => listener(value as never))
  }

  #of(event: keyof Events): Set<[(event: never) => unknown]> {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    return listeners
  }
}
