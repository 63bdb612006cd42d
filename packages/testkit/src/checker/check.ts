// The checker: all checks by name, each linear in the history.

import { consecutive, covered, once, silentAfterEnd } from './checks/chain.ts'
import { endedForAReason, endedInTime, nothingLeft, ordersObeyed, refusals } from './checks/connections.ts'
import { gapCounts, superseded, withinBudget } from './checks/gaps.ts'
import { oneId, onePosition } from './checks/identity.ts'
import { lossJustified, nothingPast, recovered, startsWhereAsked } from './checks/losses.ts'
import { patternLosses, patternOnce, patternOrder } from './checks/patterns.ts'
import { directs, pagesAgree, pagesWhole } from './checks/reads.ts'
import { acknowledged, body, keyOnce, own, publisherOrder, sent } from './checks/sending.ts'
import { calls, callsEnd, presence, reached, settled } from './checks/sessions.ts'
import type { Finding, History } from './history.ts'
import { type Check, surveyOf } from './survey.ts'

/** What must be true of every history, whatever faults it met. */
export const CHECKS: Readonly<Record<string, Check>> = Object.freeze({
  'nothing is received that was not sent': sent,
  'what is received is what was stored': body,
  'own messages are told apart': own,
  'what was acknowledged is in the log, or its loss is announced': acknowledged,
  'a key is stored once within its window': keyOnce,
  'a publisher keeps its order': publisherOrder,
  'no offset bears two ids': oneId,
  'no id is at two positions': onePosition,
  'entries are consecutive between announced losses': consecutive,
  'nothing is received twice': once,
  'received plus announced covers the log': covered,
  'nothing comes after the end of a subscription': silentAfterEnd,
  'a gap counts what was left out': gapCounts,
  'what was conflated is followed by a newer one': superseded,
  'a recovery stays within its budget': withinBudget,
  'a pattern brings each channel whole and in order, or says so': patternOrder,
  'a pattern brings nothing twice': patternOnce,
  'a pattern announces no loss of nothing': patternLosses,
  'a page of history is whole and in order': pagesWhole,
  'a page of history agrees with the log': pagesAgree,
  'a direct message reaches its user, once': directs,
  'a connection is ended for a reason': endedForAReason,
  'a connection ends when its token does, or when it is replaced': endedInTime,
  'whom the server unsubscribed hears nothing more': ordersObeyed,
  'a publication is refused for a reason': refusals,
  'every announced loss is justified': lossJustified,
  'recovered is proved': recovered,
  'nothing is replayed that is not served any more': nothingPast,
  'a subscription starts where it asked': startsWhereAsked,
  'calls run at most once': calls,
  'a call ends when nobody waits for it': callsEnd,
  'presence sets are equal after the quiet': presence,
  'reached means handed over': reached,
  'everything comes to rest': settled,
  'what is closed leaves nothing behind': nothingLeft,
})

/** Judges a history. No findings: it is good. */
export function check(history: History): Finding[] {
  const survey = surveyOf(history)
  const findings: Finding[] = []
  for (const [name, run] of Object.entries(CHECKS)) {
    run(survey, (finding) => findings.push({ check: name, ...finding }))
  }
  return findings
}
