// What was published: nothing is received that was not sent, nothing acknowledged vanishes unannounced, a key is stored
// once, and a publisher's order is the log's.

import type { LogEntry } from '../history.ts'
import { type Check, show } from '../survey.ts'

/** "nothing received that was not sent or that definitely failed" */
export const sent: Check = ({ history, publishes }, report) => {
  for (const { observer, channel, steps } of history.streams) {
    for (const step of steps) {
      if (step.kind !== 'message') continue
      const publish = publishes.get(step.payload)
      const where = { channel, observer, at: step.at }
      if (publish === undefined) report({ ...where, text: `received ${step.payload}, which nobody had sent` })
      else if (publish.channel !== channel) report({ ...where, text: `${step.payload} was sent to ${publish.channel}` })
      else if (publish.invoked > step.at) report({ ...where, text: `received ${step.payload} before it was sent` })
      else if (publish.outcome === 'failed') {
        report({ ...where, text: `received ${step.payload}, whose publisher was told ${publish.code}` })
      }
    }
  }
}

/** What is received under an id is what was stored under it. */
export const body: Check = ({ history, truths }, report) => {
  for (const { observer, channel, steps } of history.streams) {
    const truth = truths.get(channel)
    if (truth === undefined || truth.log.ephemeral) continue
    for (const step of steps) {
      if (step.kind !== 'message') continue
      const entry = truth.byId.get(step.id)?.entry
      if (entry === undefined || entry.payload === step.payload) continue
      report({ channel, observer, at: step.at, text: `${step.id} is ${entry.payload}, received was ${step.payload}` })
    }
  }
}

/** A subscriber is told that a message is its own if, and only if, it is. */
export const own: Check = ({ history, publishes }, report) => {
  for (const { observer, client, channel, steps } of history.streams) {
    for (const step of steps) {
      if (step.kind !== 'message' || step.own === null) continue
      const publisher = publishes.get(step.payload)?.client
      if (publisher === undefined || (publisher === client) === step.own) continue
      report({ channel, observer, at: step.at, text: `${step.payload} of ${publisher} came with own: ${step.own}` })
    }
  }
}

/** "each acknowledged publish in the log or announced lost" */
export const acknowledged: Check = ({ history, truths }, report) => {
  for (const publish of history.publishes) {
    const { position, channel } = publish
    if (publish.outcome !== 'ok' || position === null || position === undefined) continue
    const where = { channel, observer: publish.client, at: publish.settled ?? 0 }
    const truth = truths.get(channel)
    const entry = truth?.byId.get(position.id)?.entry
    if (truth === undefined || entry === undefined || entry.payload !== publish.payload) {
      report({ ...where, text: `${publish.payload} was acknowledged at ${show(position)}, where the log has it not` })
    } else if (entry.vanished !== null && history.lineage && !announced(truth.log.entries, entry)) {
      report({ ...where, text: `${publish.payload} was acknowledged and vanished, and no fence of the log says so` })
    }
  }
}

/** Does the log go on from before the entry with a fence that says so, or not at all? */
function announced(entries: readonly LogEntry[], lost: LogEntry): boolean {
  const later = entries.find((one) => one.vanished === null && one.stored >= (lost.vanished ?? 0))
  return later === undefined || later.possibleLoss || later.generation !== lost.generation
}

/** "a retried key stored once within the window", unless the store had lost its record of it. */
export const keyOnce: Check = ({ history }, report) => {
  for (const { channel, entries, rule } of history.logs) {
    const seen = new Map<string, LogEntry>()
    for (const entry of entries) {
      if (entry.key === null) continue
      const name = `${entry.scope}\n${entry.key}`
      const first = seen.get(name)
      seen.set(name, entry)
      if (first === undefined || first.generation !== entry.generation) continue
      if (first.vanished !== null && first.vanished <= entry.stored) continue
      if (entry.stored - first.stored > rule.window) continue
      const text = `${entry.payload} was stored twice: ${show(first.position)} and ${show(entry.position)}`
      report({ channel, observer: null, at: entry.stored, text })
    }
  }
}

/**
 * A page's publishes to one channel keep their order, and stand behind those of the page before it, but for what was
 * under way when that one was left. Where a store lost its keys, the first storing counts.
 */
export const publisherOrder: Check = ({ history, publishes }, report) => {
  const order = new Map(history.publishes.map((publish, at) => [publish.payload, at]))
  for (const { channel, entries } of history.logs) {
    const newest = new Map<string, number>()
    const seen = new Set<string>()
    for (const entry of entries) {
      const publish = publishes.get(entry.payload)
      const at = order.get(entry.payload)
      if (publish === undefined || at === undefined || seen.has(entry.payload)) continue
      seen.add(entry.payload)
      const { client, page, code } = publish
      for (const name of code === 'reloaded' ? [`${client} ${page}`] : [`${client} ${page}`, client]) {
        const before = newest.get(name)
        if (before === undefined || before < at) {
          newest.set(name, at)
          continue
        }
        const text = `${entry.payload} stands behind ${history.publishes[before]?.payload}, which was sent later`
        report({ channel, observer: client, at: entry.stored, text })
        break
      }
    }
  }
}
