// Positions name entries: one id at an offset of an epoch, one position for an id, over everything anybody has seen.

import type { Position } from '@tautline/wire'
import type { Survey } from '../survey.ts'
import { type Check, show } from '../survey.ts'

interface Sighting {
  readonly channel: string
  readonly position: Position
  readonly observer: string | null
  readonly at: number
}

/** Every position with an id that was seen: in the log, in acknowledgements, in messages. */
function* sightings({ history }: Survey): Generator<Sighting> {
  for (const { channel, entries } of history.logs) {
    for (const entry of entries) yield { channel, position: entry.position, observer: null, at: entry.stored }
  }
  for (const { channel, client, position, settled } of history.publishes) {
    if (position !== null && position !== undefined) yield { channel, position, observer: client, at: settled ?? 0 }
  }
  for (const { channel, observer, steps } of history.streams) {
    for (const step of steps) {
      if (step.kind !== 'message' || step.position === null) continue
      yield { channel, position: step.position, observer, at: step.at }
    }
  }
}

/** "no (epoch, offset) with two ids over all observers"; a store that shows no lineage may issue one again (L7). */
export const oneId: Check = (survey, report) => {
  const ids = new Map<string, string>()
  for (const { channel, position, observer, at } of sightings(survey)) {
    const place = `${channel} ${position.epoch} ${position.offset}`
    const known = ids.get(place)
    if (known === undefined) ids.set(place, position.id)
    else if (known !== position.id && !reissued(survey, channel, known, position.id)) {
      report({ channel, observer, at, text: `offset ${position.offset} bears ${known} and ${position.id}` })
    }
  }
}

function reissued({ history, truths }: Survey, channel: string, first: string, second: string): boolean {
  const truth = history.lineage ? undefined : truths.get(channel)
  const a = truth?.byId.get(first)
  const b = truth?.byId.get(second)
  return a !== undefined && b !== undefined && (a.entry.vanished !== null || b.entry.vanished !== null)
}

/** "no id at two positions" */
export const onePosition: Check = (survey, report) => {
  const positions = new Map<string, Position>()
  for (const { channel, position, observer, at } of sightings(survey)) {
    const known = positions.get(position.id)
    if (known === undefined) positions.set(position.id, position)
    else if (known.offset !== position.offset || known.epoch !== position.epoch) {
      report({ channel, observer, at, text: `${position.id} was seen at ${show(known)} and at ${show(position)}` })
    }
  }
}
