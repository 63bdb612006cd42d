// A publication as the application is given it.

import type { HistoryPage, Json, Position, Publication } from '@tautline/wire'
import type { Message } from './subscription.ts'

export function messageOf(publication: Publication, position: Position | null, own: boolean): Message<Json> {
  const { ev: _ev, ch: channel, off: _off, prev: _prev, ...rest } = publication
  return { data: undefined as unknown as Json, ...(rest as object), channel, position, own } as Message<Json>
}

/** The messages of a page: their epochs begin with that of `start`, and change at each fence (tautline.v1 §4.2). */
export function messagesOf(
  { items, start: { epoch } }: HistoryPage,
  publisher: { isOwn(key: string | undefined): boolean },
): Message<Json>[] {
  return items.flatMap((item) => {
    if (item.ev === 'pub')
      return messageOf(item, { epoch, offset: item.off ?? 0, id: item.id }, publisher.isOwn(item.key))
    ;({ epoch } = item)
    return []
  })
}
