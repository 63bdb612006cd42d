// Why a server ends a connection: the frozen table of disconnect codes, and what a client does about any close code.
// The page docs/protocol/disconnects.md is generated from it.

/**
 * What a client does. backoff: come back after a random wait that grows, and resume; return: come back at once (in its
 * slot), and resume; token: fetch a new token first; stop: stay away until the application says otherwise.
 */
export type DisconnectAction = 'backoff' | 'return' | 'token' | 'stop'

export interface Disconnect {
  readonly code: number
  readonly name: DisconnectName
  readonly action: DisconnectAction
  readonly text: string
}

export type DisconnectName =
  | 'internal'
  | 'no-heartbeat'
  | 'slow'
  | 'overloaded'
  | 'connect-timeout'
  | 'drain-deadline'
  | 'rebalance'
  | 'token-expired'
  | 'token-revoked'
  | 'malformed'
  | 'too-large'
  | 'unsupported'
  | 'forbidden'
  | 'kicked'
  | 'replaced'
  | 'connection-limit'

function row(code: number, name: DisconnectName, action: DisconnectAction, text: string): Disconnect {
  return Object.freeze({ code, name, action, text })
}

/** Every disconnect of tautline.v1 by its name (`tautline.v1 §11.5`). */
export const DISCONNECTS: Readonly<Record<DisconnectName, Disconnect>> = /* @__PURE__ */ Object.freeze({
  internal: /* @__PURE__ */ row(4000, 'internal', 'backoff', 'internal error'),
  'no-heartbeat': /* @__PURE__ */ row(4001, 'no-heartbeat', 'backoff', 'nothing heard for too long'),
  slow: /* @__PURE__ */ row(4002, 'slow', 'backoff', 'reads too slowly'),
  overloaded: /* @__PURE__ */ row(4003, 'overloaded', 'backoff', 'the node has too much to do'),
  'connect-timeout': /* @__PURE__ */ row(4005, 'connect-timeout', 'backoff', 'no connect in time'),
  'drain-deadline': /* @__PURE__ */ row(4100, 'drain-deadline', 'return', 'the node is shutting down'),
  rebalance: /* @__PURE__ */ row(4101, 'rebalance', 'return', 'moved to another node'),
  'token-expired': /* @__PURE__ */ row(4200, 'token-expired', 'token', 'the token has expired'),
  'token-revoked': /* @__PURE__ */ row(4201, 'token-revoked', 'token', 'the token was revoked'),
  malformed: /* @__PURE__ */ row(4300, 'malformed', 'stop', 'not a message of tautline.v1'),
  'too-large': /* @__PURE__ */ row(4301, 'too-large', 'stop', 'a frame is over a limit'),
  unsupported: /* @__PURE__ */ row(4302, 'unsupported', 'stop', 'unsupported version or feature'),
  forbidden: /* @__PURE__ */ row(4400, 'forbidden', 'stop', 'forbidden'),
  kicked: /* @__PURE__ */ row(4401, 'kicked', 'stop', 'disconnected by the application'),
  replaced: /* @__PURE__ */ row(4402, 'replaced', 'stop', 'replaced by another connection'),
  'connection-limit': /* @__PURE__ */ row(4403, 'connection-limit', 'stop', 'too many connections'),
})

/** What the hundreds from 4000 on mean, also for codes that a later version adds. */
const BY_HUNDRED: readonly DisconnectAction[] = ['backoff', 'return', 'token', 'stop', 'stop']

/** Codes of RFC 6455 after which coming back would only repeat what was wrong: 43xx and 44xx by another name. */
export const FINAL_CLOSE_CODES: readonly number[] = /* @__PURE__ */ Object.freeze([1002, 1003, 1007, 1008, 1009, 1010])

/** What to do after a close code, whoever chose it. Codes that nobody defined: back off, then resume. */
export function disconnectAction(code: number): DisconnectAction {
  if (FINAL_CLOSE_CODES.includes(code)) return 'stop'
  return BY_HUNDRED[Math.floor(code / 100) - 40] ?? 'backoff'
}
