/**
 * Waiting for a condition without sleeping: whoever changes something wakes those who wait.
 * It never polls.
 */

/** Conditions that are looked at again whenever `wake` is called. */
export class Signal {
  #over: boolean
  readonly #checks: Set<() => void>

  constructor() {
    this.#over = false
    this.#checks = new Set()
  }

  /** Something changed: every waiting condition is looked at again. */
  wake(): void {
    for (const check of [...this.#checks]) check()
  }

  /** Nothing will change any more: conditions that do not hold now never will. */
  finish(): void {
    this.#over = true
    this.wake()
  }

  /**
   * Resolves with true once `condition` holds, with false at the deadline or when nothing can change any more.
   * @param deadline milliseconds
   */
  until(condition: () => boolean, deadline: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    if (this.#over) return Promise.resolve(false)
    return new Promise<boolean>((resolve) => {
      const done = (result: boolean): void => {
        clearTimeout(timer)
        this.#checks.delete(check)
        resolve(result)
      }
      const check = (): void => {
        if (condition()) done(true)
        else if (this.#over) done(false)
      }
      const timer = setTimeout(() => done(condition()), deadline)
      this.#checks.add(check)
    })
  }
}
