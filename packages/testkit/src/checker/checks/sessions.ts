// Calls, presence, `reached`, and that everything comes to rest when the faults are over.

import { type Check, show } from '../survey.ts'

/** "RPC at most once"; an answered call was executed, and a stream's values come whole and in order. */
export const calls: Check = ({ history }, report) => {
  for (const { client, call, executions, outcome, values, expected } of history.calls) {
    const where = { channel: null, observer: client, at: history.end }
    if (executions > 1) report({ ...where, text: `${call} was executed ${executions} times` })
    if (outcome === 'ok' && executions === 0) report({ ...where, text: `${call} was answered, and never executed` })
    if (values?.some((value, at) => value !== at) === true)
      report({ ...where, text: `${call} streamed ${values.join(' ')}` })
    if (outcome === 'ok' && expected !== undefined && values?.length !== expected) {
      report({ ...where, text: `${call} ended well with ${values?.length} of ${expected} values` })
    }
  }
}

/** A call ends when nobody waits for it any more: cancelled, timed out, or its connection gone. */
export const callsEnd: Check = ({ history }, report) => {
  for (const { client, call, running } of history.calls) {
    if (running > 0) report({ channel: null, observer: client, at: history.end, text: `${call} still runs` })
  }
}

/** "presence sets equal after quiet" */
export const presence: Check = ({ history }, report) => {
  const truth = new Map(history.present.map((view) => [view.channel, view.members.join(' ')]))
  for (const { observer, channel, members } of history.presence) {
    const there = truth.get(channel) ?? ''
    if (members.join(' ') === there) continue
    report({ channel, observer, at: history.end, text: `sees [${members.join(' ')}], there are [${there}]` })
  }
}

/** `reached(q)` resolves when everything up to q was handed over or announced, and not before (P7). */
export const reached: Check = ({ history, truths }, report) => {
  // Where offsets may be issued again in one epoch they are no measure (L7, P7).
  if (!history.lineage) return
  const streams = new Map(history.streams.map((stream) => [`${stream.observer} ${stream.channel}`, stream]))
  for (const { observer, channel, asked, at } of history.reached) {
    const truth = truths.get(channel)
    const stream = streams.get(`${observer} ${channel}`)
    const target = truth?.byId.get(asked.id)
    if (truth === undefined || stream === undefined || target === undefined) continue
    const passed = stream.steps.some((step) => {
      if (step.at > at) return false
      const to =
        step.kind === 'message'
          ? step.position
          : step.kind === 'gap'
            ? step.to
            : step.kind === 'lost'
              ? (step.start ?? step.lost.to)
              : step.kind === 'start'
                ? step.start
                : null
      const rank = to === null ? undefined : truth.byId.get(to.id)?.rank
      return rank !== undefined && rank >= target.rank
    })
    if (!passed) report({ channel, observer, at, text: `reached(${show(asked)}) resolved before it was handed over` })
  }
}

/** When the faults are over everybody is connected, live, and knows what became of its publications and calls. */
export const settled: Check = ({ history }, report) => {
  for (const { observer, text } of history.restless) report({ channel: null, observer, at: history.end, text })
  for (const { client, channel, payload, outcome } of history.publishes) {
    if (outcome === 'pending')
      report({ channel, observer: client, at: history.end, text: `${payload} was never settled` })
  }
  for (const { client, call, outcome } of history.calls) {
    if (outcome === 'pending')
      report({ channel: null, observer: client, at: history.end, text: `${call} was never settled` })
  }
}
