// Draws one row of a room. Text goes in as text, whoever wrote it.
import { avatar, element, foreignText } from './dom.ts'
import type { Sending } from './outgoing.ts'
import type { MessageRow, Row } from './rows.ts'

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

/** What can be done about a message that the server did not take, or perhaps did. `key` is its idempotency key. */
export interface RowActions {
  readonly onresend: (key: string) => void
  readonly ondiscard: (key: string) => void
  readonly onedit: (key: string) => void
}

/** Draws into `reuse`, or into a new element. */
export function drawRow(row: Row, reuse: HTMLLIElement | undefined, actions: RowActions): HTMLLIElement {
  const item = reuse ?? element('li', '')
  if (row.kind === 'message') drawMessage(row, item, actions)
  else {
    item.className = `divider ${row.kind}`
    const text = row.kind === 'day' ? dayName.format(row.at) : row.kind === 'new' ? 'New messages' : row.text
    item.replaceChildren(element('span', '', text))
  }
  return item
}

function drawMessage(row: MessageRow, item: HTMLLIElement, actions: RowActions): void {
  item.className = 'message'
  item.toggleAttribute('data-own', row.own)
  item.toggleAttribute('data-first', row.first)
  if (row.sending === null) delete item.dataset['fate']
  else item.dataset['fate'] = row.sending.fate
  const body = element('div', 'body')
  if (row.first) {
    const head = element('p', 'head')
    const name = foreignText('span', row.own ? 'name visually-hidden' : 'name', row.name)
    name.title = `${row.name} · ${row.user}`
    const time = element('time', '', timeOfDay.format(row.at))
    time.dateTime = new Date(row.at).toISOString()
    head.append(name, ' ', time)
    body.append(head)
  }
  const bubble = foreignText('p', 'bubble', row.text)
  bubble.title = fullTime.format(row.at)
  body.append(bubble)
  if (row.sending !== null) body.append(drawFate(row.sending, actions))
  item.replaceChildren(
    ...(row.own ? [body] : [row.first ? avatar(row.user, row.name) : element('span', 'avatar-gap'), body]),
  )
}

function drawFate({ key, fate, why }: Sending, { onresend, ondiscard, onedit }: RowActions): HTMLElement {
  const line = element('p', 'fate')
  if (fate === 'sending') line.append('Sending …')
  if (fate === 'sent') line.append('Sent')
  if (fate === 'unknown') {
    line.append('It is not known whether this arrived. ')
    line.append(
      button('Send again', () => onresend(key)),
      button('Discard', () => ondiscard(key)),
    )
  }
  if (fate === 'refused') {
    line.append(`Not sent${why === '' ? '' : `: ${why}`} `)
    line.append(
      button('Edit', () => onedit(key)),
      button('Discard', () => ondiscard(key)),
    )
  }
  return line
}

function button(text: string, onclick: () => void): HTMLButtonElement {
  const made = element('button', 'inline', text)
  made.type = 'button'
  made.addEventListener('click', onclick)
  return made
}
