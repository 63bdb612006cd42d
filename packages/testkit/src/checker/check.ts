// The checker: all checks by name, each linear in the history.

import { consecutive, covered, gapCounts, once, silentAfterEnd } from './checks/chain.ts'
import { oneId, onePosition } from './checks/identity.ts'
import { lossJustified, recovered, startsWhereAsked } from './checks/losses.ts'
import { acknowledged, body, keyOnce, own, publisherOrder, sent } from './checks/sending.ts'
import { calls, presence, reached, settled } from './checks/sessions.ts'
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
  'every announced loss is justified': lossJustified,
  'recovered is proved': recovered,
  'a subscription starts where it asked': startsWhereAsked,
  'calls run at most once': calls,
  'presence sets are equal after the quiet': presence,
  'reached means handed over': reached,
  'everything comes to rest': settled,
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
