// The machine's own time and chance, in Node and in browsers. The only place of wire, broker, server and client that
// calls timers, clocks and random sources.

import type { Clock, Random, Timer } from './environment.ts'

/** What Node has and a page has not, and the other way round. */
interface Host {
  setTimeout(callback: () => void, ms?: number): Handle
  clearTimeout(handle: Handle | undefined): void
  readonly setImmediate?: (callback: () => void) => unknown
}

/** A number in a page. */
interface Handle {
  unref?(): void
}

interface SystemTimer {
  handle?: Handle
}

const host = globalThis as unknown as Host

/** Timers of the platform take 31 bits; over that they fire at once. */
const LONGEST = 2_147_483_647

function arm(timer: SystemTimer, callback: () => void, ms: number): SystemTimer {
  const handle =
    ms > LONGEST ? host.setTimeout(() => arm(timer, callback, ms - LONGEST), LONGEST) : host.setTimeout(callback, ms)
  handle.unref?.()
  timer.handle = handle
  return timer
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (callback, ms) => arm({}, callback, ms),
  clearTimer: (timer: Timer) => host.clearTimeout((timer as SystemTimer | undefined)?.handle),
  // A page has nothing as prompt; its client defers nothing.
  defer: (callback) => void (host.setImmediate ?? host.setTimeout)(callback),
}

/** The machine's chance: bytes of its cryptographic source, 65,536 at most; `unit` is for jitter and choices only. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  unit: () => Math.random(),
}
