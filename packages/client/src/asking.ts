// What an attachment asks the server for, and for whom: pure.

import type { From, Json, Position } from '@tautline/wire'
import type { Handle } from './handle.ts'
import type { HandleSettings, Owner } from './handle-parts.ts'

/** An attachment that nobody needs any more. */
export interface Dismissed {
  readonly channel: string
  readonly state: Owner['state']
  /** Was the server ever asked on this connection? Then it has to be told when it ends. */
  readonly known: boolean
  close(): void
}

/** What an attachment needs of those around it. */
export interface Registry {
  readonly settings: HandleSettings
  /** Knows which keys are this client's. */
  readonly publisher: { isOwn(key: string | undefined): boolean }
  /** Something of a channel was lost: patterns that brought it have lost it too. */
  lost(channel: string): void
  /** Nobody is subscribed any more, or it was refused for good. Resolves when nothing of it can follow. */
  dismissed(attachment: Dismissed): Promise<void>
}

/** A question to the server that is not answered yet. */
export interface Asked {
  readonly from: From
  /** The subscriptions that begin with the answer; null: those that follow already go on. */
  readonly by: readonly Handle<Json>[] | null
  /** It stood in `connect`, the answer comes as a push. */
  readonly resumed: boolean
}

/**
 * What to ask for next.
 *
 * @param position of the attachment
 * @param followers do those that follow go first? They must where the attachment has to be made again anyway
 */
export function nextQuestion(
  handles: readonly Handle<Json>[],
  position: Position | null,
  followers: boolean,
): Pick<Asked, 'from' | 'by'> {
  const wanting = handles.filter((handle) => handle.ready)
  const first = wanting.find((handle) => handle.want !== 'head') ?? wanting[0]
  const following = handles.length === 0 || handles.some((handle) => !handle.want)
  if (!first || (following && followers)) return { from: position ?? 'head', by: null }
  const want = JSON.stringify(first.want)
  return { from: first.want as From, by: wanting.filter((handle) => JSON.stringify(handle.want) === want) }
}
