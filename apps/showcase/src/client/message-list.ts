// Draws the conversation: keeps one element per row, changes only what changed, and stays at the end unless the reader
// has scrolled up. It decides nothing about messages.
import { avatar, byId, element, foreignText } from './dom.ts'
import type { MessageRow, Row } from './rows.ts'

/** Pixels from the end that still count as reading the end. */
const NEAR_THE_END = 80

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

interface Drawn {
  readonly element: HTMLLIElement
  /** What was drawn: the row is drawn again only when this differs. */
  readonly as: string
}

export class MessageList {
  readonly #list: HTMLOListElement
  readonly #scroller: HTMLElement
  readonly #empty: HTMLElement
  readonly #newest: HTMLButtonElement
  #drawn: Map<string, Drawn>
  #atEnd: boolean

  constructor() {
    this.#list = byId('messages', HTMLOListElement)
    this.#scroller = byId('scroller', HTMLElement)
    this.#empty = byId('empty', HTMLDivElement)
    this.#newest = byId('newest', HTMLButtonElement)
    this.#drawn = new Map()
    this.#atEnd = true
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    this.#newest.addEventListener('click', () => this.toEnd())
    // The phone's keyboard comes up, the window changes: the reader at the end stays there.
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.#scroller)
  }

  /** `entered`: the server has told us what there is, so that an empty list really means that nothing was said. */
  render(rows: readonly Row[], entered: boolean): void {
    const drawn = new Map<string, Drawn>()
    const wanted = new Set(rows.map((row) => row.key))
    // Before the others are placed: an element that is moved would be read aloud again.
    for (const [key, { element: old }] of this.#drawn) if (!wanted.has(key)) old.remove()
    let added = 0
    let place: ChildNode | null = this.#list.firstChild
    for (const row of rows) {
      const as = JSON.stringify(row)
      const before = this.#drawn.get(row.key)
      if (before === undefined) added++
      const now = before?.as === as ? before : { element: draw(row, before?.element), as }
      drawn.set(row.key, now)
      if (place === now.element) place = place.nextSibling
      else this.#list.insertBefore(now.element, place)
    }
    this.#drawn = drawn
    this.#empty.hidden = rows.length > 0 || !entered
    if (this.#atEnd) this.toEnd()
    else if (added > 0) this.#newest.hidden = false
  }

  toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#atEnd = true
    this.#newest.hidden = true
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END
    if (this.#atEnd) this.#newest.hidden = true
  }
}

function draw(row: Row, reuse: HTMLLIElement | undefined): HTMLLIElement {
  const item = reuse ?? element('li', '')
  if (row.kind === 'day') {
    item.className = 'divider'
    item.replaceChildren(element('span', '', dayName.format(row.at)))
  } else if (row.kind === 'note') {
    item.className = 'divider note'
    item.replaceChildren(element('span', '', row.text))
  } else {
    drawMessage(row, item)
  }
  return item
}

function drawMessage(row: MessageRow, item: HTMLLIElement): void {
  item.className = 'message'
  item.toggleAttribute('data-own', row.own)
  item.toggleAttribute('data-first', row.first)
  item.toggleAttribute('data-pending', row.pending)
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
  if (row.pending) body.append(element('p', 'pending', 'Not sent yet'))
  item.replaceChildren(
    ...(row.own ? [body] : [row.first ? avatar(row.user, row.name) : element('span', 'avatar-gap'), body]),
  )
}
