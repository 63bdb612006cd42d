// How long to wait before something is tried again: full jitter, so that clients that failed together do not come back
// together (tautline.v1 §11.3). It sets no timer.

import type { Random } from '@tautline/wire'

export class Backoff {
  readonly #random: Random
  readonly #min: number
  readonly #max: number
  #failures: number = 0

  /** @param min, max ms */
  constructor(random: Random, min = 500, max = 20_000) {
    this.#random = random
    this.#min = min
    this.#max = max
  }

  /** The wait after one more failure, ms: random(0, min(max, min · 2^n)), and `after` on top where the server named it. */
  next(after = 0): number {
    const ceiling = Math.min(this.#max, this.#min * 2 ** this.#failures++)
    return after + Math.floor(this.#random.unit() * ceiling)
  }

  reset(): void {
    this.#failures = 0
  }
}
