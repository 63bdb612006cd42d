// Connections as nodes had them: ended only for a reason, and ended where there is one.

import type { History, Session } from '../history.ts'
import type { Check, Report } from '../survey.ts'

/** ms within which a node looks at its connections, and an order reaches another node. */
const LOOK = 1_100
const ORDER = 2_000
/** ms for which something may wait for a client that does not read (the server's default). */
const OUTBOX_AGE = 30_000

/** A node ends a connection for a reason: what the code says is true. */
export const endedForAReason: Check = ({ history }, report) => {
  for (const session of history.sessions) {
    const { ended } = session
    if (ended === null || ended.stopping) continue
    const wrong = wrongEnd(history, session, ended)
    if (wrong !== null) tell(report, session, ended.at, `ended with ${ended.code}: ${wrong}`)
  }
}

function wrongEnd(
  { heartbeat, orders, quiet }: History,
  session: Session,
  { at, code, heard, stuck }: NonNullable<Session['ended']>,
): string | null {
  const ordered = orders.some((one) => one.user === session.client && one.code === code && one.at <= at)
  if (ordered) return null
  const patience = heartbeat.every + heartbeat.timeout
  if (at > quiet + 2 * patience + 40_000) return 'nothing was wrong any more'
  switch (code) {
    case 4001: {
      const silent = at - heard - stalledIn(session, heard, at)
      return silent >= patience - LOOK ? null : `it was heard ${Math.round(silent)} ms before`
    }
    case 4002:
      if (session.policies.includes('disconnect') || stuck >= OUTBOX_AGE - LOOK) return null
      return 'no subscription asked to be disconnected when slow'
    case 4005:
      return null
    case 4200:
      return session.tokens.every(({ ends }) => ends <= at) ? null : 'its token had not ended'
    case 4402:
      return session.replaced !== null && session.replaced.asked <= at ? null : 'no other connection replaced it'
    default:
      return 'nobody had asked for that'
  }
}

/** The connection of a token ends with it; who is replaced is ended too. */
export const endedInTime: Check = ({ history }, report) => {
  for (const session of history.sessions) {
    const over = session.over ?? history.end
    const ends = Math.max(...session.tokens.map((token) => token.ends))
    if (session.tokens.length > 0 && over - stalledIn(session, ends, over) > ends + LOOK)
      tell(report, session, over, `its token had ended ${Math.round(over - ends)} ms before`)
    const { replaced } = session
    if (replaced?.certain === true && replaced.at !== null && over > replaced.at + ORDER)
      tell(report, session, over, `it had been replaced ${Math.round(over - replaced.at)} ms before`)
  }
}

function stalledIn({ stalls }: Session, from: number, to: number): number {
  return stalls.reduce((sum, stall) => sum + Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from)), 0)
}

/** Whom the server unsubscribed while nothing was wrong hears nothing more of the channel. */
export const ordersObeyed: Check = ({ history }, report) => {
  for (const { certain, op, user, channel, at } of history.orders) {
    if (!certain || op !== 'unsubscribe') continue
    for (const stream of history.streams) {
      if (stream.client !== user || stream.channel !== channel) continue
      const late = stream.steps.find((step) => step.kind === 'message' && step.at > at + ORDER)
      if (late === undefined) continue
      const text = `received something ${Math.round(late.at - at)} ms after the server had unsubscribed it`
      report({ channel, observer: stream.observer, at: late.at, text })
    }
  }
}

/** A publication is refused for a reason, and no clock is one. */
export const refusals: Check = ({ history }, report) => {
  for (const { client, channel, payload, outcome, code, invoked, settled } of history.publishes) {
    if (settled === null || (outcome !== 'failed' && outcome !== 'unknown')) continue
    const clocks = code === 'key-expired' || code === 'bad-request'
    const late = settled - invoked > 60_000
    if (clocks && late) continue
    const known = code === 'unknown' || code === 'unavailable' || code === 'overloaded' || code === 'timeout'
    if (known) continue
    report({ channel, observer: client, at: settled, text: `${payload} was refused with ${code}` })
  }
}

/** What is closed leaves nothing behind: no timer, no connection. */
export const nothingLeft: Check = ({ history }, report) => {
  for (const { observer, text } of history.leftovers) report({ channel: null, observer, at: history.end, text })
}

function tell(report: Report, { connection }: Session, at: number, text: string): void {
  report({ channel: null, observer: connection, at, text })
}
