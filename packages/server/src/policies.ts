// What the delivery policies do to a slow subscriber's queue (tautline.v1 §8). Pure functions: a queue goes in, a new one
// comes out, and what was removed shows as gaps through which the chain rule holds. They never send and never read a log.

import type { Policy, Position } from '@tautline/wire'

/** What stands where entries were removed. */
export interface Gap {
  /** Entries removed. */
  readonly count: number
  readonly why: 'conflated' | 'dropped'
}

/**
 * One thing that waits in a subscription's queue: a publication, a marker, or a gap that a policy left. Never written to,
 * so that one object can wait in the queues of all subscribers.
 */
export interface QueueItem<T> {
  /** Where the subscriber stands once it has this; null on ephemeral channels. */
  readonly position: Position | null
  /** Bytes on the wire. */
  readonly bytes: number
  /** The publication's state key. */
  readonly state?: string | undefined
  /** The channel, where a queue holds several: that of a subscription to a pattern. */
  readonly channel?: string | undefined
  /** Made by a policy. Such an item has no payload: whoever sends it writes a `gap` push. */
  readonly gap?: Gap | null | undefined
  /**
   * true: no policy removes it, and no gap spans it. For what moves a position without being an entry: fences, and gaps
   * of other making (filtered, unreadable).
   */
  readonly marker?: boolean | undefined
  /** What is sent. */
  readonly payload: T | null
}

/** What a gap push is reckoned at until it is encoded. */
export const GAP_BYTES = 160

/** Could a policy remove it? */
function removable<T>(item: QueueItem<T>): boolean {
  return item.marker !== true && (item.gap === undefined || item.gap === null)
}

/**
 * Policy `latest`: of each state key only the newest entry stays, entries without one stay. Time and memory are linear in
 * the queue: call it when the queue has doubled, not for every entry.
 *
 * @returns the same queue if there was nothing to remove
 */
export function conflate<T>(queue: readonly QueueItem<T>[]): readonly QueueItem<T>[] {
  // "An entry is removed only while a later one of its key is in Q."
  const newest = new Map<string, QueueItem<T>>()
  let entries = 0
  for (const item of queue) {
    if (item.state === undefined || !removable(item)) continue
    newest.set(keyOf(item, item.state), item)
    entries++
  }
  if (newest.size === entries) return queue
  return without(queue, 'conflated', (item) => item.state !== undefined && newest.get(keyOf(item, item.state)) !== item)
}

/**
 * Policy `{ drop: n }`: the oldest entries go until `n` remain.
 *
 * @returns the same queue if no more than `n` are in it
 */
export function dropOldest<T>(queue: readonly QueueItem<T>[], n: number): readonly QueueItem<T>[] {
  let excess = -n
  for (const item of queue) if (removable(item)) excess++
  if (excess <= 0) return queue
  return without(queue, 'dropped', () => excess-- > 0)
}

/**
 * The policy of two handles that share a subscription: the one that loses less, for no handle may miss what it did not
 * agree to miss. `lossless` loses nothing; `disconnect` loses nothing either, as the client resumes, but it interrupts;
 * `latest` loses what is superseded; `{ drop: n }` the more the smaller its n.
 */
export function strictest(a: Policy, b: Policy): Policy {
  const difference = rank(a) - rank(b)
  if (difference !== 0) return difference < 0 ? a : b
  return typeof a === 'object' && typeof b === 'object' && b.drop > a.drop ? b : a
}

const RANKS = { lossless: 0, disconnect: 1, latest: 2 } as const
const DROP = 3

function rank(policy: Policy): number {
  return typeof policy === 'object' ? DROP : RANKS[policy]
}

function keyOf<T>(item: QueueItem<T>, state: string): string {
  return item.channel === undefined ? state : `${item.channel} ${state}`
}

/**
 * The queue without what `removed` names, with a gap in the place of each run. `gap.to` is the position of the last entry
 * removed: the next one chains to it, and a resume starts behind the gap.
 */
function without<T>(
  queue: readonly QueueItem<T>[],
  why: Gap['why'],
  removed: (item: QueueItem<T>) => boolean,
): QueueItem<T>[] {
  const kept: QueueItem<T>[] = []
  // The run under way, by channel: one queue of a pattern holds chains of many channels.
  const run: Map<string | undefined, QueueItem<T>> = new Map()
  const flush = (): void => {
    for (const gap of run.values()) kept.push(gap)
    run.clear()
  }
  for (const item of queue) {
    const isGap = item.gap !== undefined && item.gap !== null
    if (isGap || (removable(item) && removed(item))) {
      extend(run, item, isGap ? (item.gap as Gap) : { count: 1, why })
    } else {
      flush()
      kept.push(item)
    }
  }
  flush()
  return kept
}

/** Adds what was removed, or an older gap beside it, to the gap of its channel. */
function extend<T>(run: Map<string | undefined, QueueItem<T>>, item: QueueItem<T>, { count, why }: Gap): void {
  // Nothing marks a gap where there are no positions: delivery is at most once there anyway.
  if (item.position === null) return
  const before = run.get(item.channel)?.gap
  const total = count + (before?.count ?? 0)
  // A gap that holds anything dropped says so: conflated would promise that something newer of the key follows.
  const reason = before?.why === 'dropped' ? 'dropped' : why
  run.set(item.channel, {
    position: item.position,
    bytes: GAP_BYTES,
    channel: item.channel,
    gap: { count: total, why: reason },
    payload: null,
  })
}
