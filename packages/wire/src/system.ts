// The machine's own time and chance, in Node and in browsers. The only place of wire, broker, server and client that
// calls timers, clocks and random sources.

import type { Clock, Random, Timer } from './environment.ts'

/** What Node has and a page has not, and the other way round. */
interface Host {
  setTimeout(callback: () => void, ms: number): number | { unref(): void }
  clearTimeout(timer: unknown): void
  readonly setImmediate?: (callback: () => void) => unknown
}

const host = globalThis as unknown as Host

/** Timers of the platform take 31 bits; over that they fire at once. */
const LONGEST = 2_147_483_647

class SystemTimer {
  #handle: number | { unref(): void }
  readonly #due: number
  readonly #callback: () => void

  constructor(callback: () => void, ms: number) {
    this.#callback = callback
    this.#due = performance.now() + ms
    this.#handle = this.#arm(ms)
  }

  clear(): void {
    host.clearTimeout(this.#handle)
  }

  #arm(ms: number): number | { unref(): void } {
    const handle = ms <= LONGEST ? host.setTimeout(this.#callback, ms) : host.setTimeout(() => this.#again(), LONGEST)
    if (typeof handle === 'object') handle.unref()
    return handle
  }

  #again(): void {
    this.#handle = this.#arm(Math.max(0, this.#due - performance.now()))
  }
}

/** A page's timers wait 4 ms and, when hidden, a second; its message ports do not. */
function deferByPort(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (callback) => {
    waiting.push(callback)
    port2.postMessage(null)
  }
}

let defer: ((callback: () => void) => void) | undefined

function chooseDefer(): (callback: () => void) => void {
  if (host.setImmediate !== undefined) return host.setImmediate
  return typeof MessageChannel === 'undefined' ? (callback) => void host.setTimeout(callback, 0) : deferByPort()
}

/** The machine's clock. */
export const systemClock: Clock = /* @__PURE__ */ Object.freeze({
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (callback: () => void, ms: number): Timer => new SystemTimer(callback, ms),
  clearTimer: (timer: Timer) => {
    if (timer instanceof SystemTimer) timer.clear()
  },
  defer: (callback: () => void) => {
    defer ??= chooseDefer()
    defer(callback)
  },
})

/** getRandomValues gives no more at once. */
const CHUNK = 65_536

/** The machine's chance: bytes of its cryptographic source; `unit` is for jitter and choices only. */
export const systemRandom: Random = /* @__PURE__ */ Object.freeze({
  bytes: (length: number) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += CHUNK) crypto.getRandomValues(out.subarray(at, at + CHUNK))
    return out
  },
  unit: () => Math.random(),
})
