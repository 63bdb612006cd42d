// Time as the connection needs it, so that a test can turn it by hand. It never sets a timer of its own.

export type TimerId = number

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  setTimeout(callback: () => void, milliseconds: number): TimerId
  clearTimeout(timer: TimerId): void
}

export const browserClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  clearTimeout: (timer) => window.clearTimeout(timer),
}
