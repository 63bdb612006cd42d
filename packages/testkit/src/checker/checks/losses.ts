// What was announced is true: every loss is justified, `recovered` is proved, and a subscription starts where it asked.

import type { Lost, Position } from '@tautline/wire'
import type { Fault, LogEntry, Step, Stream } from '../history.ts'
import { type Check, show } from '../survey.ts'
import type { Truth } from '../truth.ts'
import { lossOf, walk } from '../walk.ts'

/** ms until every node has heard of a failover. */
const UNHEARD = 10_000

/** "every announced loss justified": a trim, an epoch change, a lie, a limit really happened. Never a false `lost`. */
export const lossJustified: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    /** Where the recovery under way began: its budget counts from there. */
    let began: Position | null = null
    for (const { step, before, since } of walk(stream)) {
      const lost = lossOf(step)
      if (step.kind === 'start') began = step.start
      if (lost === null) continue
      const where = { channel: stream.channel, observer: stream.observer, at: step.at }
      if (lost.why === 'ephemeral' || lost.why === 'pattern') {
        if (!interrupted(history.faults, stream, since, step.at))
          report({ ...where, text: `lost {${lost.why}} of nothing` })
        continue
      }
      const at = before ?? lost.from
      if (truth === undefined || at === undefined) continue
      const false_ = falseLoss(truth, lost, at, since, step.at, step.kind === 'start' ? at : (began ?? at))
      if (false_ !== null) report({ ...where, text: `lost {${lost.why}} at ${show(at)}: ${false_}` })
    }
  }
}

function interrupted(faults: readonly Fault[], { client, node }: Stream, since: number, until: number): boolean {
  return faults.some((fault) => {
    if (fault.at > until || fault.at < since) return false
    if (fault.kind === 'disconnected') return fault.client === client
    return fault.kind === 'interrupted' && (node === undefined || fault.node === undefined || fault.node === node)
  })
}

/** Why the loss is a false one; null: it is justified. */
function falseLoss(truth: Truth, lost: Lost, at: Position, since: number, now: number, began: Position): string | null {
  const held = truth.byId.get(at.id)
  // What the position stands for is gone: whatever the store can still say of it is right.
  if (held !== undefined && held.entry.vanished !== null && held.entry.vanished <= now) return null
  const generation = truth.generation(at, since)
  if (generation < truth.generationAt(now)) return null
  if (at.id === '' && truth.lostEntries(since, now)) return null
  if (lost.why === 'epoch') return "its epoch is still the log's"
  if (lost.why === 'diverged') return 'its entry is in the log'
  // A node that has not heard of a failover goes by what it knows: what had vanished too.
  const unheard = truth.lostEntries(now - UNHEARD, now)
  const next = truth.after(at, generation, now) ?? (unheard ? truth.everAfter(at, generation, now) : undefined)
  if (next === undefined) return 'nothing follows it'
  if (lost.why === 'limit') {
    const count = truth.countAfter(Math.min(truth.rankOf(began), truth.rankOf(at)), generation, now)
    return count > truth.log.rule.budget ? null : `${count} entries follow it, the budget is ${truth.log.rule.budget}`
  }
  return truth.gone(next) <= now ? null : `${show(next.entry.position)} follows it and is still served`
}

/** Why what follows a position must still be served from it; null: something is gone, to say so is right. */
export function goneOf(truth: Truth, at: Position, since: number, now: number): string | null {
  const held = truth.byId.get(at.id)
  if (held !== undefined && held.entry.vanished !== null && held.entry.vanished <= now) return null
  const generation = truth.generation(at, since)
  if (generation < truth.generationAt(now)) return null
  if (at.id === '' && truth.lostEntries(0, now)) return null
  const next = truth.after(at, generation, now)
  if (next === undefined) return 'it is the end of the log'
  return truth.gone(next) <= now ? null : `${show(next.entry.position)} follows it and is still served`
}

/** "recovered" only with proof: the position is of the log, and all that follows it was there when it was asked for. */
export const recovered: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const truth = truths.get(stream.channel)
    if (truth === undefined || truth.log.ephemeral) continue
    let at = 0
    for (const { step, since } of walk(stream)) {
      const following = stream.steps[++at]
      if (step.kind !== 'start' || step.outcome === null || step.outcome === 'lost') continue
      const wrong = wrongOutcome(truth, step, Math.min(since, step.asked), following, (at) =>
        hadHeard(history.faults, stream, at, step.asked),
      )
      if (wrong !== null) report({ channel: stream.channel, observer: stream.observer, at: step.at, text: wrong })
    }
  }
}

function wrongOutcome(
  truth: Truth,
  step: Extract<Step, { kind: 'start' }>,
  since: number,
  following: Step | undefined,
  hadHeard: (since: number) => boolean,
): string | null {
  if (typeof step.from !== 'object' || !('epoch' in step.from)) {
    return step.outcome === 'recovered' ? 'recovered, and no position was given' : null
  }
  const { from, start, asked } = step
  if (step.outcome === 'fresh') return `fresh, although ${show(from)} was given`
  if (start === null || start.offset !== from.offset || start.id !== from.id) {
    return `recovered at ${show(start)}, asked for was ${show(from)}`
  }
  const vanished = truth.byId.get(from.id)?.entry.vanished ?? null
  if (vanished !== null && vanished <= asked && hadHeard(vanished))
    return `recovered at ${show(from)}, which had vanished`
  const generation = truth.generation(from, since)
  if (generation < truth.generationAt(asked) && hadHeard(truth.wipedAfter(generation)))
    return `recovered at ${show(from)}, which was lost with the store's memory`
  const next = truth.after(from, generation, asked)
  // A node may still have what the store has not; or it says so, as soon as it finds that trimming was faster.
  if (next === undefined || truth.certainlyGone(next) > asked || comes(next.entry, following)) return null
  return `recovered at ${show(from)}, and ${show(next.entry.position)} behind it was not served any more`
}

/** A node may answer from what it holds until it is told that the store is another one; then it says what was lost. */
function hadHeard(faults: readonly Fault[], { node }: Stream, since: number, asked: number): boolean {
  if (node === undefined) return true
  return faults.some(
    (fault) => fault.kind === 'interrupted' && fault.node === node && fault.at >= since && fault.at <= asked,
  )
}

function comes({ position }: LogEntry, following: Step | undefined): boolean {
  if (following === undefined) return false
  return following.kind === 'message' ? following.id === position.id : following.kind !== 'gap'
}

/** ms that clocks of nodes and store may differ where nobody says by how much. */
const SKEW = 100
/** ms that a notice of the feed takes at most: until then a node does not know what an entry has pushed out. */
const LATE = 450
/** ms between a notice that is dropped and the interruption that says so. */
const MISSED = 4_000

/** "`ttl` and `size` are exact when reading": what a recovery or a beginning brings was still served when it was asked for. */
export const nothingPast: Check = ({ history, truths }, report) => {
  for (const stream of history.streams) {
    const { level, channel, observer, steps } = stream
    const truth = truths.get(channel)
    if (level !== 'wire' || truth === undefined || truth.log.ephemeral) continue
    let asked = Number.NEGATIVE_INFINITY
    for (const step of steps) {
      if (step.kind === 'start') asked = step.asked
      const placed = step.kind === 'message' ? truth.byId.get(step.id) : undefined
      if (placed === undefined || placed.entry.stored >= asked) continue
      const gone = truth.certainlyGone(placed)
      const expired = placed.entry.stored + truth.log.rule.ttl + SKEW < asked
      if (!expired && (gone + LATE >= asked || misses(history.faults, stream, gone, asked))) continue
      const text = `received ${show(placed.entry.position)}, which was not served any more since ${gone.toFixed(1)} ms`
      report({ channel, observer, at: step.at, text })
    }
  }
}

/** The notice of what was stored then was dropped, and the node has not been told yet: it takes what it has for all. */
function misses(faults: readonly Fault[], { node }: Stream, stored: number, asked: number): boolean {
  return faults.some(
    (fault) =>
      fault.kind === 'interrupted' &&
      fault.node === node &&
      fault.at >= Math.max(stored, asked) &&
      fault.at <= stored + MISSED,
  )
}

/** A subscription that asked for the last n gets n, or all that is served; `start` and `head` are of the log. */
export const startsWhereAsked: Check = ({ history, truths }, report) => {
  for (const { observer, channel, steps } of history.streams) {
    const truth = truths.get(channel)
    if (truth === undefined || truth.log.ephemeral) continue
    for (const step of steps) {
      if (step.kind !== 'start' || step.outcome === null) continue
      const wrong = wrongStart(truth, step)
      if (wrong !== null) report({ channel, observer, at: step.at, text: wrong })
    }
  }
}

function wrongStart(truth: Truth, step: Extract<Step, { kind: 'start' }>): string | null {
  const { start, head, from } = step
  if (start === null || head === null) return `no ${start === null ? 'start' : 'head'} on a channel with a log`
  if (typeof from !== 'object' || !('last' in from) || head.id === '') return null
  const newest = truth.byId.get(head.id)
  const oldest = start.id === '' ? { rank: 0 } : truth.byId.get(start.id)
  if (newest === undefined || oldest === undefined) return null
  const count = newest.rank - oldest.rank
  if (count >= from.last || start.id === '') return null
  const left = truth.byId.get(start.id)
  return left === undefined || truth.gone(left) <= step.at
    ? null
    : `the last ${from.last} were asked for, ${count} came, and ${show(start)} was served too`
}
