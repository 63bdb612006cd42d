// What policies and budgets leave out: counted exactly, only what a newer one supersedes, and no more than was agreed.

import type { Position } from '@tautline/wire'
import type { LogEntry, Step, Stream } from '../history.ts'
import type { Check } from '../survey.ts'
import { show } from '../survey.ts'
import type { Truth } from '../truth.ts'
import { walk } from '../walk.ts'

type Gap = Extract<Step, { kind: 'gap' }>

/** A gap says exactly how many entries its policy left out, and a policy that leaves nothing out makes none. */
export const gapCounts: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    if (truth === undefined || truth.log.ephemeral) continue
    let { policy } = stream
    for (const { step, before } of walk(stream)) {
      if (step.kind === 'start') policy = step.policy ?? stream.policy
      if (step.kind !== 'gap') continue
      const wrong = wrongGap({ ...stream, policy }, truth, step, before)
      if (wrong !== null) report({ channel: stream.channel, observer: stream.observer, at: step.at, text: wrong })
    }
  }
}

function wrongGap({ policy, level }: Stream, truth: Truth, gap: Gap, before: Position | null): string | null {
  // Subscriptions of one application share an attachment: whose policy it had, only the wire shows.
  const told = level === 'wire'
  if (told && gap.why === 'dropped' && typeof policy !== 'object') return `dropped under the policy ${String(policy)}`
  if (told && gap.why === 'conflated' && policy !== 'latest')
    return `conflated under the policy ${JSON.stringify(policy)}`
  const to = truth.byId.get(gap.to.id)
  if (to === undefined) return `a gap up to ${show(gap.to)}, which the log has not`
  if (before === null) return null
  const from = before.id === '' ? 0 : truth.byId.get(before.id)?.rank
  if (from === undefined) return null
  const count = to.rank - from
  // An application's second subscription may begin in the middle of what the shared one leaves out.
  return count === gap.count || (!told && count < gap.count)
    ? null
    : `a gap of ${gap.count} from ${show(before)} to ${show(gap.to)}: it is ${count}`
}

/** "An entry is removed only while a later one of its key is in Q": that one comes, unless the stream ends before. */
export const superseded: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    if (truth === undefined || truth.log.ephemeral) continue
    const report_ = (at: number, text: string): void =>
      report({ channel: stream.channel, observer: stream.observer, at, text })
    /** State key → what was left out last, and has to be followed by a newer one. */
    const owed = new Map<string, LogEntry>()
    for (const { step, before } of walk(stream)) {
      if (step.kind === 'gap' && step.why === 'conflated') {
        for (const entry of between(truth, before, step.to)) {
          if (entry.state === undefined) report_(step.at, `${entry.payload} has no state key and was conflated`)
          else owed.set(entry.state, entry)
        }
      } else if (step.kind === 'message') {
        const state = truth.byId.get(step.id)?.entry.state
        if (state !== undefined) owed.delete(state)
      } else if (step.kind !== 'fence') owed.clear()
    }
    if (!stream.live) continue
    for (const [state, entry] of owed) {
      report_(history.end, `${entry.payload} was conflated, and nothing newer of ${state} came`)
    }
  }
}

/** The entries behind a position up to another one. */
function between(truth: Truth, before: Position | null, to: Position): LogEntry[] {
  const found: LogEntry[] = []
  for (let at = truth.byId.get(to.id); at !== undefined && at.entry.position.id !== before?.id; ) {
    found.unshift(at.entry)
    at = truth.byId.get(at.entry.predecessor.id)
  }
  return before === null ? found.slice(-1) : found
}

/** A recovery brings no more entries than its budget: those that were there when it was asked for, up to its head. */
export const withinBudget: Check = ({ history, truths }, report) => {
  for (const { level, channel, observer, steps } of history.streams) {
    const truth = truths.get(channel)
    if (level !== 'wire' || truth === undefined || truth.log.ephemeral) continue
    const { budget } = truth.log.rule
    let recovery: { readonly asked: number; readonly until: number } | null = null
    let count = 0
    for (const step of steps) {
      if (step.kind === 'start') {
        const head = step.head === null ? undefined : truth.byId.get(step.head.id)
        recovery = step.outcome === 'recovered' ? { asked: step.asked, until: head?.rank ?? 0 } : null
        count = 0
      }
      if (step.kind === 'stop' || step.kind === 'lost') recovery = null
      const id = step.kind === 'message' ? step.id : step.kind === 'gap' ? step.to.id : null
      const placed = id === null ? undefined : truth.byId.get(id)
      if (recovery === null || placed === undefined) continue
      // Behind the head that was told everything is live, however late the feed brings it.
      if (placed.entry.stored >= recovery.asked || placed.rank > recovery.until) continue
      count += step.kind === 'gap' ? step.count : 1
      if (count === budget + 1)
        report({ channel, observer, at: step.at, text: `a recovery brings ${count} entries, its budget is ${budget}` })
    }
  }
}
