// From a room to the rows of the page: which message begins a group, where a day or what is new begins, what is still on
// its way. Pure; message-list.ts draws it.
import type { Sending } from './outgoing.ts'
import type { Item } from './timeline.ts'

/** Messages of one person within this time stand together under one name. */
export const GROUP_WITHIN: number = 5 * 60_000

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'note'; readonly key: string; readonly text: string }
  | { readonly kind: 'new'; readonly key: 'new' }
  | MessageRow

export interface MessageRow {
  readonly kind: 'message'
  readonly key: string
  readonly user: string
  readonly name: string
  readonly text: string
  readonly at: number
  readonly own: boolean
  /** Begins a group: with the name and the time. */
  readonly first: boolean
  /** Our own, and not in the log yet; null: it is there. */
  readonly sending: Sending | null
}

export interface RowsOf {
  readonly items: readonly Item[]
  readonly outgoing: readonly Sending[]
  /** The key of the first new message, or null. */
  readonly line: string | null
  /** Our own public id; '' before the server told us. */
  readonly you: string
  readonly yourName: string
  /** Wall-clock milliseconds. */
  readonly now: number
}

export function rowsOf(source: RowsOf): Row[] {
  const rows: Row[] = []
  let before: MessageRow | null = null
  let day = dayOf(source.now)
  const push = (message: Omit<MessageRow, 'kind' | 'first'>): void => {
    const itsDay = dayOf(message.at)
    if (itsDay !== day) {
      rows.push({ kind: 'day', key: `day:${message.key}`, at: message.at })
      day = itsDay
      before = null
    }
    if (message.key === source.line) {
      rows.push({ kind: 'new', key: 'new' })
      before = null
    }
    const first =
      before === null ||
      before.user !== message.user ||
      before.name !== message.name ||
      message.at - before.at > GROUP_WITHIN
    before = { kind: 'message', first, ...message }
    rows.push(before)
  }
  for (const item of source.items) {
    if (item.kind === 'note') {
      rows.push(item)
      before = null
    } else {
      const { user, name, text, at } = item.message
      push({ key: item.key, user, name, text, at, own: user === source.you, sending: null })
    }
  }
  for (const sending of source.outgoing) {
    const { key, text, at } = sending
    push({ key: ownKey(key), user: source.you, name: source.yourName, text, at, own: true, sending })
  }
  return rows
}

/** The row of a message that this tab said: the same before and after it is in the log. */
export function ownKey(key: string): string {
  return `own:${key}`
}

function dayOf(at: number): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
