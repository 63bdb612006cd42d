// What the store's tests publish, and how they look at what is there.

import assert from 'node:assert/strict'
import type { Append, Appended, Broker, Entry, LogRule } from '@tautline/broker'
import { EntryIds } from '@tautline/broker'
import { type Position, systemRandom } from '@tautline/wire'

export const RULE: LogRule = { size: 1_000_000, ttl: 86_400_000, window: 600_000 }
/** As short as the store trims while it is being killed, and long enough for every look at it. */
export const KILL_RULE: LogRule = { ...RULE, size: 20_000 }
const FAR = 8e15

const ids = new EntryIds(systemRandom)

/** A publication that nothing is wrong with; text of about `bytes` in it. */
export function publication(changes: Partial<Append> = {}, bytes = 20): Append {
  const id = ids.next()
  const body = { json: JSON.stringify(id.padEnd(bytes, '.')) }
  return { id, scope: 'server', hash: changes.key ?? id, expires: FAR, body, ...changes }
}

/** Appends one publication that must be stored. */
export async function put(
  broker: Broker,
  channel: string,
  append: Append = publication(),
  rule: LogRule = RULE,
): Promise<Position> {
  const [outcome] = await broker.append(channel, [append], rule)
  assert.ok(outcome?.fail === undefined, JSON.stringify(outcome))
  return (outcome as Appended & { position: Position }).position
}

export async function putMany(
  broker: Broker,
  channel: string,
  count: number,
  rule: LogRule = RULE,
): Promise<Position[]> {
  const positions: Position[] = []
  for (let i = 0; i < count; i++) positions.push(await put(broker, channel, publication(), rule))
  return positions
}

/** All entries of a channel after a position, page by page. */
export async function entriesOf(
  broker: Broker,
  channel: string,
  after: Position | 'start' = 'start',
  rule: LogRule = RULE,
): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let from = after; ; ) {
    const page = await broker.read(channel, from, 1_000, 1 << 22, rule)
    assert.ok(page.proof === 'match', JSON.stringify({ from, page }))
    entries.push(...page.entries)
    const last = page.entries.at(-1)
    if (!page.more || last === undefined) return entries
    from = { epoch: last.epoch, offset: last.off, id: last.id }
  }
}

/** The head of one channel. */
export async function headOf(broker: Broker, channel: string): Promise<Position> {
  const [head] = await broker.heads([channel])
  return head as Position
}

/** 'match', or why not. */
export async function verdictOn(broker: Broker, channel: string, position: Position): Promise<string> {
  const page = await broker.read(channel, position, 1_000, 1 << 22, RULE)
  return page.proof === 'match' ? 'match' : page.why
}
