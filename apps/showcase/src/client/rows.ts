// From items to rows: which message begins a group, where a day begins, what still waits. Pure; message-list.ts draws it.
import type { Waiting } from './outbox.ts'
import { type Item, keyOf } from './timeline.ts'

/** Messages of one person within this time stand together under one name. */
export const GROUP_WITHIN: number = 5 * 60_000

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'note'; readonly key: string; readonly text: string }
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
  /** Not acknowledged by the server yet. */
  readonly pending: boolean
}

export interface RowsOf {
  readonly items: readonly Item[]
  readonly waiting: readonly Waiting[]
  /** Our own public id; '' before the first welcome. */
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
      rows.push({ kind: 'day', key: `day:${itsDay}`, at: message.at })
      day = itsDay
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
      push({ key: item.key, user, name, text, at, own: user === source.you, pending: false })
    }
  }
  for (const { id, text, at } of source.waiting) {
    const message = { key: keyOf(source.you, id), user: source.you, name: source.yourName, text, at }
    push({ ...message, own: true, pending: true })
  }
  return rows
}

function dayOf(at: number): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
