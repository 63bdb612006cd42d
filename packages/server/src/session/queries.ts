// Questions that change nothing: a channel's history, and who is there.

import type { Entry } from '@tautline/broker'
import {
  type Fence,
  type HistoryCommand,
  type HistoryPage,
  loadBody,
  type Position,
  type PresenceCommand,
  type Publication,
  RealtimeError,
} from '@tautline/wire'
import { toStored } from '../hub/unit.ts'
import type { Node } from '../node.ts'
import type { Rule } from '../rules/rules.ts'
import type { Session } from './session.ts'

/** Bytes of bodies in one reply; there is `more` then. */
const HISTORY_BYTES = 1_048_576

/** Items of a page that is some work to write. */
const LONG = 50
/** What keeps pages in order: no channel is called so. */
const PAGES = ' pages'

export interface HistoryQuery {
  readonly limit: number
  readonly after?: Position
  readonly before?: Position
}

export function history(session: Session, command: HistoryCommand & { readonly id: number }): void {
  session.attachments.serial.run(command.ch, async () => {
    try {
      const rule = await session.access.allowed('history', command.ch)
      await inTurn(session, async () => {
        const page = await readHistory(session.node, command.ch, rule, command)
        // It may have waited for long, and the right is not what it was.
        await session.access.allowed('history', command.ch)
        if (!session.isClosed) session.reply(command.id, page)
        return page.items.length
      })
    } catch (error) {
      if (!session.isClosed) session.refuse(command.id, error)
    }
  })
}

export function presence(session: Session, command: PresenceCommand & { readonly id: number }): void {
  const { node } = session
  session.attachments.serial.run(command.ch, async () => {
    try {
      await session.access.allowed('presence', command.ch)
      await inTurn(session, async () => {
        const page = await node.presences.page(command.ch, command.page, node.limits.members)
        await session.access.allowed('presence', command.ch)
        if (!session.isClosed) session.reply(command.id, page)
        return page.members.length
      })
    } catch (error) {
      if (!session.isClosed) session.refuse(command.id, error)
    }
  })
}

/**
 * Pages one after another, as fast as the network takes them: 256 of 1 MiB at once would end the connection, or the
 * process. And no more than one long one in a turn of the loop: the others have their turn between two.
 */
function inTurn(session: Session, give: () => Promise<number>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { clock } = session.node
  session.attachments.serial.run(PAGES, async () => {
    await session.outbox.whenFlowing()
    try {
      const items = session.isClosed ? 0 : await give()
      session.charge(items)
      resolve()
      if (items >= LONG) await new Promise<void>((next) => clock.defer(next))
    } catch (error) {
      reject(error)
    }
  })
  return promise
}

/**
 * A page of a channel's log, in its order: after a position, before one, or the newest.
 *
 * @throws RealtimeError `not-found` when the position is not in the log any more (never a silent jump), `unavailable`
 */
export async function readHistory(node: Node, channel: string, rule: Rule, query: HistoryQuery): Promise<HistoryPage> {
  const log = rule.log
  if (log === null) throw new RealtimeError('unsupported', 'the channel has no log')
  const { reads } = node.hubs
  const { after, before = 'head', limit } = query
  const page =
    after === undefined
      ? await reads.back(channel, before, limit, HISTORY_BYTES, log)
      : await reads.read(channel, after, limit, HISTORY_BYTES, log)
  if (page.proof === 'absent') {
    throw new RealtimeError('not-found', `the position is not in the log (${page.why})`, {
      field: after === undefined ? 'before' : 'after',
    })
  }
  if (after !== undefined) return pageOf(channel, page.entries, after, page.more)
  const end = before === 'head' ? page.head : before
  return { ...pageOf(channel, page.entries, page.start ?? page.head, page.more), end: lastOf(page.entries) ?? end }
}

function pageOf(channel: string, entries: readonly Entry[], start: Position, more: boolean): HistoryPage {
  const items: (Publication | Fence)[] = []
  for (const entry of entries) {
    if (entry.fence !== undefined) items.push(entry.fence)
    const { body, ...stored } = toStored(entry)
    items.push({ ev: 'pub', ch: channel, ...stored, ...loadBody(body) })
  }
  return { items, start, end: lastOf(entries) ?? start, more }
}

function lastOf(entries: readonly Entry[]): Position | null {
  const last = entries.at(-1)
  return last === undefined ? null : { epoch: last.epoch, offset: last.off, id: last.id }
}
