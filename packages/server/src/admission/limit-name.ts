// The limits that hold somebody back, by the names under which `tautline_limited_total` counts them.

/** The values of the label `limit`; docs/guides/limits.md explains each. */
export const LIMIT_NAMES = [
  'accepted',
  'body',
  'byte rate',
  'calls',
  'commands in flight',
  'connections',
  'connections of a user',
  'connections of an address',
  'failures',
  'frame',
  'handshakes',
  'handshakes of an address',
  'lag',
  'memory',
  'message rate',
  'outbox age',
  'outbox bytes',
  'outbox memory',
  'publish rate',
  'subscription rate',
  'subscriptions',
] as const

export type LimitName = (typeof LIMIT_NAMES)[number]
