// Calling what the application gave us from a place that must not be left by its exceptions.

/** Calls back; what it throws stays uncaught, but outside: nothing of ours is skipped. */
export function callOutside<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
  callOutsideOn(undefined, callback, ...args)
}

/** As `callOutside`, with `self` as `this`. */
export function callOutsideOn<T, A extends unknown[]>(
  self: T,
  callback: (this: T, ...args: A) => void,
  ...args: A
): void {
  try {
    callback.apply(self, args)
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown
    })
  }
}
