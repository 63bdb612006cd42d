/**
 * What Node's own HTTP parser decides before an attached server of ours sees anything (Node 24.21). Each is checked.
 * On a port of its own the engine has its own parser, and none of these.
 */
import type { Deviation, Deviations } from './suite.ts'

const page: Deviation = {
  seen: 'HTTP:200',
  reason: 'without `Upgrade` in both fields Node makes it a plain request: the http server’s own handler answers it',
}

export const ATTACHED_DEVIATIONS: Deviations = {
  H007: {
    seen: 'HTTP:200',
    reason: 'Node takes HTTP/0.9 for a plain request: the http server’s own handler answers it',
  },
  H010: { seen: '101', reason: 'Node swallows the second space; nothing of it is left to be seen' },
  H039: page,
  H042: page,
  H044: page,
  H045: page,
}
