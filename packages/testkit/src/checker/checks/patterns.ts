// What an observer of a pattern received: each channel in order once it was seen, nothing twice, every interruption
// announced, whichever subscription of the connection brought an entry.

import { matchesPattern } from '@tautline/wire'
import type { Fault, LogEntry, PatternStep, PatternStream, Stream } from '../history.ts'
import { type Check, type Report, show } from '../survey.ts'
import type { Truth } from '../truth.ts'
import { walk } from '../walk.ts'
import { follows } from './chain.ts'

/** ms between a notice that is dropped and the interruption that says so. */
const MISSED = 4_000

/** Where an observer stands in each channel. */
class Places {
  readonly seen: Map<string, LogEntry> = new Map()
  readonly #ids = new Map<string, Set<string>>()

  /** Has it come before? From now on it has. */
  repeats(channel: string, id: string): boolean {
    const ids = this.#ids.get(channel) ?? new Set<string>()
    this.#ids.set(channel, ids)
    return ids.size === ids.add(id).size
  }

  /** The channel's direct subscription begins somewhere else, and asks for what it had. */
  jump(channel: string): void {
    this.seen.delete(channel)
    this.#ids.delete(channel)
  }
}

/** "per-channel order and chain once a channel is seen; every interruption is lost {pattern}" */
export const patternOrder: Check = ({ history, truths }, report) => {
  for (const stream of history.patterns) {
    const places = new Places()
    for (const step of stream.steps) {
      if (step.kind === 'lost') places.seen.clear()
      else if (step.kind === 'jump') places.jump(step.channel)
      else if (step.kind === 'gap') passGap(places, step, truths)
      else if (step.kind === 'message' && step.stored) passMessage(stream, places, step, truths, report)
    }
    if (stream.live && stream.level === 'application') coversAll(stream, places, truths, report, history.end)
  }
}

function passGap(
  { seen }: Places,
  { to }: Extract<PatternStep, { kind: 'gap' }>,
  truths: ReadonlyMap<string, Truth>,
): void {
  // Whoever is told of a gap of a pattern is not told in which channel.
  for (const [channel, truth] of truths) {
    const entry = truth.byId.get(to.id)?.entry
    if (entry !== undefined) seen.set(channel, entry)
  }
}

function passMessage(
  { observer }: PatternStream,
  { seen }: Places,
  { channel, id, at }: Extract<PatternStep, { kind: 'message' }>,
  truths: ReadonlyMap<string, Truth>,
  report: Report,
): void {
  const truth = truths.get(channel)
  const entry = truth?.byId.get(id)?.entry
  if (truth === undefined || entry === undefined) return
  const before = seen.get(channel)
  seen.set(channel, entry)
  if (before === undefined || before === entry || follows(truth, entry.predecessor, before.position)) return
  const text = `received ${show(entry.position)} behind ${show(before.position)}, and nothing was announced`
  report({ channel, observer, at, text })
}

function coversAll(
  { observer }: PatternStream,
  { seen }: Places,
  truths: ReadonlyMap<string, Truth>,
  report: Report,
  at: number,
): void {
  for (const [channel, entry] of seen) {
    const last = truths.get(channel)?.last
    if (last === null || last === undefined || last.position.id === entry.position.id) continue
    const text = `live behind ${show(entry.position)}, and the log ends with ${show(last.position)}`
    report({ channel, observer, at, text })
  }
}

/** "no publication crosses a connection twice", and no application is handed one twice. */
export const patternOnce: Check = ({ history }, report) => {
  for (const { observer, steps } of history.patterns) {
    const places = new Places()
    for (const step of steps) {
      if (step.kind === 'jump') places.jump(step.channel)
      if (step.kind !== 'message' || !places.repeats(step.channel, step.id)) continue
      report({ channel: step.channel, observer, at: step.at, text: `received ${step.id} twice (${step.payload})` })
    }
  }
}

/** A loss is announced where something was interrupted, or where a channel really has a hole. */
export const patternLosses: Check = ({ history, truths }, report) => {
  for (const stream of history.patterns) {
    const interruptions = interruptionsOf(history.faults, stream)
    let used = 0
    stream.steps.forEach((step, at) => {
      if (step.kind !== 'lost') return
      if ((interruptions[used] ?? Number.POSITIVE_INFINITY) <= step.at) used++
      // A notice that is dropped is missed before the interruption is told; and each hole that it leaves is announced.
      else if (interruptions.some((one) => one > step.at - 1_000 && one < step.at + MISSED)) return
      else if (history.streams.some((other) => endsBeside(other, stream, step.at))) return
      else if (!hasHole(stream, at, truths))
        report({ channel: null, observer: stream.observer, at: step.at, text: 'lost {pattern} of nothing' })
    })
  }
}

/** A direct subscription that ends, or begins anew, while it is behind leaves to the pattern what it had not brought. */
function endsBeside(direct: Stream, { client, pattern }: PatternStream, at: number): boolean {
  if (direct.client !== client || !matchesPattern(pattern, direct.channel)) return false
  for (const { step, on } of walk(direct)) {
    const ends = step.kind === 'stop' ? step.why !== 'closed' : step.kind === 'start' && on
    if (ends && Math.abs(step.at - at) < 1_000) return true
  }
  return false
}

function interruptionsOf(faults: readonly Fault[], { client, node, began }: PatternStream): number[] {
  return faults
    .filter((fault) => {
      // What was under way to the client when it asked.
      if (fault.at < began - 20_000) return false
      if (fault.kind === 'disconnected') return fault.client === client
      return fault.kind === 'interrupted' && (node === undefined || fault.node === undefined || fault.node === node)
    })
    .map((fault) => fault.at)
    .sort((a, b) => a - b)
}

/** Is there a channel that does not go on behind the loss where it was before, or of which nothing ever came before? */
function hasHole({ steps, pattern, began }: PatternStream, at: number, truths: ReadonlyMap<string, Truth>): boolean {
  const before = new Map<string, LogEntry>()
  for (const step of steps.slice(0, at)) {
    const entry = entryOf(step, truths)
    if (entry !== undefined && 'channel' in step) before.set(step.channel, entry)
  }
  const told = steps[at]?.at ?? 0
  for (const [channel, { log }] of truths) {
    if (before.has(channel) || !matchesPattern(pattern, channel)) continue
    const due = log.entries.filter(({ stored }) => stored > began && stored < told)
    if (due.some(({ position: { id } }) => !steps.some((step) => step.kind === 'message' && step.id === id)))
      return true
  }
  for (const step of steps.slice(at + 1)) {
    if (!('channel' in step)) continue
    const known = before.get(step.channel)
    const entry = entryOf(step, truths)
    const truth = truths.get(step.channel)
    if (known === undefined || entry === undefined || truth === undefined) continue
    if (!follows(truth, entry.predecessor, known.position)) return true
    before.delete(step.channel)
  }
  // What was left out may be the last of its channel.
  return [...before].some(([channel, entry]) => {
    const last = truths.get(channel)?.last
    return last !== null && last !== undefined && last.position.id !== entry.position.id
  })
}

function entryOf(step: PatternStep, truths: ReadonlyMap<string, Truth>): LogEntry | undefined {
  return step.kind === 'message' ? truths.get(step.channel)?.byId.get(step.id)?.entry : undefined
}
