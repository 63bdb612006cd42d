// Follows one observer through a channel: at each step, where it stood before. It judges nothing.

import type { Lost, Position } from '@tautline/wire'
import type { Step, Stream } from './history.ts'

/** A step and the cut at which the observer stood when it came. */
export interface Stride {
  readonly step: Step
  /** null: it has no position (yet, or on this channel). */
  readonly before: Position | null
  /** When it had reached that cut. */
  readonly since: number
  /** Is it subscribed, as far as it was told? */
  readonly on: boolean
}

/** All steps of a stream, each with where it began. */
export function* walk(stream: Stream): Generator<Stride> {
  let before: Position | null = null
  let since = 0
  let on = false
  for (const step of stream.steps) {
    if (step.kind === 'start' && typeof step.from === 'object' && 'epoch' in step.from) {
      // A resume: it stands where it says, since it came there.
      if (before?.id !== step.from.id || before.offset !== step.from.offset) since = Math.min(since, step.asked)
      before = step.from
    }
    yield { step, before, since, on }
    const next = after(step, before)
    if (next !== before) since = step.at
    before = next
    on = step.kind === 'start' || (on && step.kind !== 'stop')
  }
}

/** Where a stream's observer stands at its end. */
export function endOf(stream: Stream): { readonly at: Position | null; readonly since: number } {
  let at: Position | null = null
  let since = 0
  for (const { step, before } of walk(stream)) {
    const next = after(step, before)
    if (next !== at) since = step.at
    at = next
  }
  return { at, since }
}

function after(step: Step, before: Position | null): Position | null {
  switch (step.kind) {
    case 'start':
      return step.start ?? before
    case 'message':
      return step.position ?? before
    case 'gap':
      return step.to
    case 'lost':
      return step.start ?? step.lost.to ?? before
    case 'fence':
      return before === null ? null : { ...before, epoch: step.epoch }
    case 'stop':
      return before
  }
}

/** The loss that a step announces. */
export function lossOf(step: Step): Lost | null {
  if (step.kind === 'lost') return step.lost
  return step.kind === 'start' && step.outcome === 'lost' ? (step.lost ?? null) : null
}
