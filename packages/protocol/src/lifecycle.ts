// The life of an open connection as a table (RFC 6455 §7). The diagram in docs/protocol/lifecycle.md is generated from
// it; the hot path compares one integer and never looks here.
//
// A connection ends in one of two ways. Clean: each side has sent a Close frame and received one, in either order.
// Failed (§7.1.7): the peer broke a rule or the transport ended first; our Close frame says why if it still can, and
// nothing that arrives afterwards is looked at.

/** Where a connection is. OPEN is 0 so that the hot path tests one falsy integer. */
export const State: {
  readonly OPEN: 0
  /** Our Close frame is out, the peer's has not come. Its data still counts. */
  readonly CLOSING: 1
  /** Both Close frames are exchanged: what is left is to close TCP, the server first (RFC 6455 §7.1.1). */
  readonly DONE: 2
  /** The connection was failed: input is dropped. */
  readonly FAILED: 3
  /** The transport is gone. */
  readonly CLOSED: 4
} = Object.freeze({ OPEN: 0, CLOSING: 1, DONE: 2, FAILED: 3, CLOSED: 4 })

export type StateName = keyof typeof State
export type LifecycleEvent = 'close sent' | 'close received' | 'violation' | 'abandoned' | 'transport ended'

/** What each event makes of each state. An absent cell: the event cannot occur there, or changes nothing. */
export const LIFECYCLE: { readonly [from in StateName]: { readonly [event in LifecycleEvent]?: StateName } } =
  Object.freeze({
    // A received Close is answered at once, so receiving one is the whole handshake (§5.5.1).
    OPEN: {
      'close sent': 'CLOSING',
      'close received': 'DONE',
      violation: 'FAILED',
      abandoned: 'FAILED',
      'transport ended': 'CLOSED',
    },
    CLOSING: { 'close received': 'DONE', violation: 'FAILED', abandoned: 'FAILED', 'transport ended': 'CLOSED' },
    DONE: { 'transport ended': 'CLOSED' },
    FAILED: { 'transport ended': 'CLOSED' },
    CLOSED: {},
  } as const)

const NAMES: readonly StateName[] = ['OPEN', 'CLOSING', 'DONE', 'FAILED', 'CLOSED']

/** The state after `event`; the same one where the table says nothing. */
export function next(state: number, event: LifecycleEvent): number {
  const from = NAMES[state] as StateName
  return State[LIFECYCLE[from][event] ?? from]
}
