// Pages of history: whole, in order, what the log had, nothing that is not served any more, and refused only for a reason.

import type { Position } from '@tautline/wire'
import type { HistoryRead } from '../history.ts'
import { type Check, type Survey, show } from '../survey.ts'
import type { Truth } from '../truth.ts'
import { follows } from './chain.ts'
import { goneOf } from './losses.ts'

type Page = NonNullable<HistoryRead['page']>

/** A page chains from `start` to `end`, begins or ends where it was asked to, and holds what was stored. */
export const pagesWhole: Check = ({ history, truths }, report) => {
  for (const read of history.reads) {
    const truth = truths.get(read.channel)
    if (truth === undefined || read.page === null) continue
    const wrong = wrongPage(truth, read, read.page)
    if (wrong !== null) report({ channel: read.channel, observer: read.client, at: read.at, text: wrong })
  }
}

function wrongPage(truth: Truth, { after, before, limit }: HistoryRead, page: Page): string | null {
  const { items, start, end } = page
  if (items.length > limit) return `a page of ${items.length} items, asked for were ${limit}`
  if (after !== null && !same(start, after)) return `asked for what follows ${show(after)}, it begins at ${show(start)}`
  let at = start
  for (const { id, payload } of items) {
    const entry = truth.byId.get(id)?.entry
    if (entry === undefined) return `a page holds ${id}, which the log has not`
    if (entry.payload !== payload) return `a page has ${payload} at ${show(entry.position)}: it is ${entry.payload}`
    if (!follows(truth, entry.predecessor, at))
      return `in a page ${show(entry.position)} follows ${show(at)}: its predecessor is ${show(entry.predecessor)}`
    at = entry.position
  }
  if (items.length > 0 && !same(at, end)) return `a page ends with ${show(at)}, and says ${show(end)}`
  if (before !== null && items.length > 0 && !same(end, before))
    return `asked for what is before ${show(before)}, it ends at ${show(end)}`
  return null
}

function same(a: Position, b: Position): boolean {
  return a.offset === b.offset && a.id === b.id
}

/** A page leaves out nothing that it should hold, and holds nothing that is not served any more. */
export const pagesAgree: Check = ({ history, truths }, report) => {
  const turning = history.faults.filter((fault) => fault.kind === 'wipe' || fault.kind === 'failover')
  for (const read of history.reads) {
    const truth = truths.get(read.channel)
    // While the log turns into another one, either is right.
    if (truth === undefined || turning.some((fault) => fault.at >= read.asked && fault.at <= read.at)) continue
    const wrong = read.page === null ? wrongRefusal(truth, read) : disagreement(truth, read, read.page)
    if (wrong !== null) report({ channel: read.channel, observer: read.client, at: read.at, text: wrong })
  }
}

function disagreement(truth: Truth, { after, before, asked, at }: HistoryRead, page: Page): string | null {
  for (const { id } of page.items) {
    const placed = truth.byId.get(id)
    if (placed !== undefined && truth.certainlyGone(placed) < asked)
      return `a page holds ${show(placed.entry.position)}, which was not served any more`
  }
  const generation = truth.generation(page.end, asked)
  const forwards = after !== null
  if (before === null && (!forwards || !page.more)) {
    const next = truth.after(page.end, generation, asked)
    if (next !== undefined && truth.gone(next) > at)
      return `a page ends at ${show(page.end)} as the newest, and ${show(next.entry.position)} was behind it`
  }
  if (forwards && page.more && truth.after(page.end, generation, at) === undefined)
    return `a page promises more behind ${show(page.end)}, where nothing was`
  const oldest = truth.byId.get(page.start.id)
  if (!forwards && !page.more && oldest !== undefined && oldest.entry.vanished === null && truth.gone(oldest) > at)
    return `a page begins behind ${show(page.start)} as the oldest, which was served too`
  return null
}

function wrongRefusal(truth: Truth, { after, before, asked, at }: HistoryRead): string | null {
  const position = after ?? before
  if (position === null) return 'a page without a position was refused'
  const gone = goneOf(truth, position, asked, at)
  if (gone === null) return null
  const placed = after === null ? truth.byId.get(position.id) : undefined
  // Backwards the entry that is named has to be served itself.
  if (placed !== undefined && truth.gone(placed) <= at) return null
  return `not found at ${show(position)}: ${gone}`
}

/** Direct messages reach the user that they were sent to, at most once; in quiet times exactly once. */
export const directs: Check = ({ history }: Survey, report) => {
  const sent = new Map(history.directs.map((direct) => [direct.payload, direct]))
  const seen = new Set<string>()
  for (const { client, page, payload, at } of history.received) {
    const where = { channel: null, observer: client, at }
    const direct = sent.get(payload)
    if (direct === undefined) report({ ...where, text: `was told "${payload}", which nobody had sent` })
    else if (direct.user !== client) report({ ...where, text: `was told "${payload}"` })
    else if (seen.has(`${page} ${payload}`)) report({ ...where, text: `was told "${payload}" twice` })
    seen.add(payload).add(`${page} ${payload}`)
  }
  for (const { user, payload, at, certain } of history.directs) {
    if (certain && !seen.has(payload))
      report({ channel: null, observer: user, at, text: `was never told "${payload}", with nothing in the way` })
  }
}
