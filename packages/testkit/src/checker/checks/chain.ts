// What one observer received of one channel: in order, once, without a hole that was not announced, up to the end.

import type { Position } from '@tautline/wire'
import type { Step } from '../history.ts'
import { type Check, show } from '../survey.ts'
import type { Truth } from '../truth.ts'
import { endOf, walk } from '../walk.ts'

/** "offsets consecutive between announced losses (chain by prev for sparse)" */
export const consecutive: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    if (truth === undefined || truth.log.ephemeral) continue
    const seen = new Set<string>()
    for (const { step, before } of walk(stream)) {
      if (step.kind !== 'message' || step.position === null || before === null || seen.has(step.id)) continue
      seen.add(step.id)
      const predecessor = truth.find(step.position)?.entry.predecessor
      if (predecessor === undefined || follows(truth, predecessor, before)) continue
      const text = `stood at ${show(before)} and received ${show(step.position)}, which follows ${show(predecessor)}`
      report({ channel: stream.channel, observer: stream.observer, at: step.at, text })
    }
  }
}

/** Ids decide where both are known: an offset may be issued again (L7). */
export function follows(truth: Truth, predecessor: Position, before: Position): boolean {
  // What nobody had written to has as many names as it was looked at.
  if (predecessor.id === '' && before.id === '') return truth.sameBeginning(before, predecessor)
  if (predecessor.offset !== before.offset) return false
  return predecessor.id === before.id || !truth.byId.has(before.id)
}

/** "no duplicate to the application"; nor twice over one connection. */
export const once: Check = ({ history, truths }, report) => {
  for (const { observer, channel, steps } of history.streams) {
    const seen = new Set<string>()
    for (const step of steps) {
      // It was told that this is gone; a node that has not heard of that may still have it.
      if (step.kind === 'lost') for (const id of seen) if (isGone(truths.get(channel), id, step.at)) seen.delete(id)
      // Whoever starts again from an older position asks for what it had.
      if (step.kind === 'start') seen.clear()
      if (step.kind !== 'message') continue
      if (seen.has(step.id))
        report({ channel, observer, at: step.at, text: `received ${step.id} twice (${step.payload})` })
      seen.add(step.id)
    }
  }
}

function isGone(truth: Truth | undefined, id: string, at: number): boolean {
  const vanished = truth?.byId.get(id)?.entry.vanished
  return typeof vanished === 'number' && vanished <= at
}

/** "received plus announced covers the log" for whoever is live at the end. */
export const covered: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    if (!stream.live || truth === undefined || truth.log.ephemeral) continue
    const { at, since } = endOf(stream)
    const where = { channel: stream.channel, observer: stream.observer, at: since }
    if (at === null) report({ ...where, text: 'live, and never told where it stands' })
    else if (truth.last !== null && at.id !== truth.last.position.id) {
      report({ ...where, text: `live at ${show(at)}, and the log ends with ${show(truth.last.position)}` })
    } else if (truth.last === null && at.id !== '') {
      report({ ...where, text: `live at ${show(at)}, and the log is empty: nobody said what became of it` })
    }
  }
}

/** Nothing comes after the reply to `unsubscribe`, a revocation, or the end of the connection. */
export const silentAfterEnd: Check = ({ history }, report) => {
  for (const stream of history.streams) {
    let ended: Step | null = null
    for (const { step, on } of walk(stream)) {
      if (step.kind === 'stop') ended = step
      else if (step.kind !== 'start' && !on && ended?.kind === 'stop') {
        const text = `${step.kind} ${step.at - ended.at} ms after it was ${ended.why}`
        report({ channel: stream.channel, observer: stream.observer, at: step.at, text })
      }
    }
  }
}
