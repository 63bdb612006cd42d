// What the realtime layer takes from the machine it runs on: time and chance. They are parameters everywhere, so that a
// whole cluster can run in one process on virtual time with a seeded schedule. Nothing above the transports calls
// Date.now, performance.now, setTimeout, Math.random or crypto itself.

/** Time. The monotonic clock measures, the wall clock only names moments to people and stores: it may jump. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number
  /** ms since 1970. */
  wall(): number
  /** Calls back once after `ms`. A timer does not keep a process alive. */
  setTimer(callback: () => void, ms: number): Timer
  clearTimer(timer: Timer): void
  /** Calls back behind what the loop has at hand in this turn: where work of one turn is joined. */
  defer(callback: () => void): void
}

/** What `setTimer` gave; only `clearTimer` looks into it. */
export type Timer = unknown

/** Chance. */
export interface Random {
  /** Fresh bytes nobody can guess (but in a simulation), owned by the caller. */
  bytes(length: number): Uint8Array
  /** 0 ≤ x < 1, for jitter and choices. */
  unit(): number
}
