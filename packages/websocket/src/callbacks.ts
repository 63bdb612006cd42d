// Calling what the application gave us from a place that must not be left by its exceptions.

/** Calls back; what it throws stays uncaught, but outside: nothing of ours is skipped. */
export function callOutside<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
  try {
    callback(...args)
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown
    })
  }
}
