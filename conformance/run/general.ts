/**
 * The catalogue's assertions for every case: the process lives, nothing is thrown past it, the next connection is
 * served at once, the CPU time is bounded, and at the end nothing is left open.
 */
import assert from 'node:assert/strict'
import { buildFrame, type HandleCount, handlesReturnTo, openHandles, RawPeer, requestBytes } from '@tautline/testkit'
import type { ServerTarget } from './server.ts'

/** Watches the process from its creation to `done`. */
export class Watch {
  readonly #base: HandleCount
  readonly #faults: string[]
  readonly #onError: (error: unknown) => void
  readonly #onWarning: (warning: Error) => void

  constructor() {
    this.#base = openHandles()
    this.#faults = []
    this.#onError = (error) => this.#faults.push(String(error))
    this.#onWarning = (warning) => {
      if (warning.name === 'MaxListenersExceededWarning') this.#faults.push(String(warning))
    }
    process.on('uncaughtExceptionMonitor', this.#onError)
    process.on('warning', this.#onWarning)
  }

  /** @throws AssertionError when something was thrown past everybody, or handles are left open */
  async done(): Promise<void> {
    process.off('uncaughtExceptionMonitor', this.#onError)
    process.off('warning', this.#onWarning)
    assert.deepEqual(this.#faults, [], 'uncaught errors, rejections or leaked listeners')
    await handlesReturnTo(this.#base)
  }
}

/** ms in which a new connection is served when nothing else is going on. */
export const PROMPT = 100
/** The same while other cases run at the same time, on a machine that is shared: served at all. */
const SERVED = 10_000

/** A new connection that sends a message and gets it back; returns how many ms that took. */
export async function probe(target: ServerTarget): Promise<number> {
  const start = performance.now()
  const peer = await RawPeer.connect(target.port, target.host)
  await peer.write(requestBytes({ body: buildFrame({ opcode: 1, payload: 'probe', mask: true }) }))
  const answered = await peer.until(() => peer.received.includes('\r\n\r\n\x81\x05probe', 0, 'latin1'), SERVED)
  const ms = performance.now() - start
  await peer.destroy()
  assert.ok(answered, `a new connection was not served within ${SERVED} ms`)
  return ms
}

/** The least CPU time of the runs, in ms, of this whole process: an upper bound of what the engine spent. */
export async function leastCpu(runs: number, run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage()
    await run()
    const spent = process.cpuUsage(before)
    least = Math.min(least, (spent.user + spent.system) / 1000)
  }
  return least
}
