// Draws a room: keeps one element per row, changes only what changed, stays at the end unless the reader has scrolled
// up, and keeps in place what is read when something is put above it. It decides nothing about messages.

import { byId, setText } from './dom.ts'
import { drawRow, type RowActions } from './draw-row.ts'
import type { Row } from './rows.ts'

/** Pixels from the end that still count as reading the end, and from the beginning that ask for what is older. */
const NEAR_THE_END = 80
const NEAR_THE_BEGINNING = 400

interface Drawn {
  readonly element: HTMLLIElement
  /** What was drawn: the row is drawn again only when this differs. */
  readonly as: string
}

export interface Content {
  readonly room: string
  readonly rows: readonly Row[]
  readonly unread: number
}

export interface MessageListOptions extends RowActions {
  /** The reader went up to the beginning of what is here. */
  readonly onbeginning: () => void
  /** The reader came to the end, or left it. */
  readonly onmoved: () => void
}

export class MessageList {
  readonly #options: MessageListOptions
  readonly #list: HTMLOListElement
  readonly #scroller: HTMLElement
  readonly #newest: HTMLButtonElement
  #room: string
  #drawn: Map<string, Drawn>
  #atEnd: boolean

  constructor(options: MessageListOptions) {
    this.#options = options
    this.#list = byId('messages', HTMLOListElement)
    this.#scroller = byId('scroller', HTMLElement)
    this.#newest = byId('newest', HTMLButtonElement)
    this.#room = ''
    this.#drawn = new Map()
    this.#atEnd = true
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    this.#newest.addEventListener('click', () => this.toEnd())
    // The phone's keyboard comes up, the window changes: the reader at the end stays there.
    new ResizeObserver(() => this.#atEnd && this.#scrollToEnd()).observe(this.#scroller)
  }

  /** The reader sees the newest message. */
  get atEnd(): boolean {
    return this.#atEnd
  }

  render({ room, rows, unread }: Content): void {
    const entered = room !== this.#room
    if (entered) {
      this.#room = room
      this.#drawn = new Map()
      this.#list.replaceChildren()
      this.#atEnd = true
    }
    const anchor = this.#atEnd ? null : this.#firstVisible()
    const before = anchor?.getBoundingClientRect().top ?? 0
    // Only what is said now is read aloud, not a room that is entered or a page of history.
    const first = rows.find((row) => row.kind === 'message')
    this.#list.ariaLive = entered || (first !== undefined && !this.#drawn.has(first.key)) ? 'off' : 'polite'
    this.#place(rows)
    if (this.#atEnd) this.#follow(unread)
    else if (anchor?.isConnected) this.#scroller.scrollTop += anchor.getBoundingClientRect().top - before
    setText(this.#newest, unread === 0 ? '↓' : unread === 1 ? '1 new message ↓' : `${unread} new messages ↓`)
    this.#newest.hidden = this.#atEnd
    this.#newest.ariaLabel = unread === 0 ? 'To the newest message' : null
  }

  /** The reader wants to see the newest message. */
  toEnd(): void {
    this.#scrollToEnd()
    this.#options.onmoved()
  }

  #scrollToEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#atEnd = true
    this.#newest.hidden = true
  }

  /** Stays at the end, but never pushes the line above unread messages out of sight. */
  #follow(unread: number): void {
    this.#scrollToEnd()
    const line = unread > 0 ? this.#drawn.get('new')?.element : undefined
    if (line === undefined) return
    const hidden = this.#scroller.getBoundingClientRect().top - line.getBoundingClientRect().top
    if (hidden <= 0) return
    this.#scroller.scrollTop -= hidden
    this.#atEnd = this.#isAtEnd()
  }

  #place(rows: readonly Row[]): void {
    const drawn = new Map<string, Drawn>()
    const wanted = new Set(rows.map((row) => row.key))
    // Before the others are placed: an element that is moved would be read aloud again.
    for (const [key, { element: old }] of this.#drawn) if (!wanted.has(key)) old.remove()
    let place: ChildNode | null = this.#list.firstChild
    for (const row of rows) {
      const as = JSON.stringify(row)
      const before = this.#drawn.get(row.key)
      const now = before?.as === as ? before : { element: drawRow(row, before?.element, this.#options), as }
      drawn.set(row.key, now)
      if (place === now.element) place = place.nextSibling
      else this.#list.insertBefore(now.element, place)
    }
    this.#drawn = drawn
  }

  #firstVisible(): HTMLElement | null {
    const { top } = this.#scroller.getBoundingClientRect()
    for (const { element } of this.#drawn.values()) if (element.getBoundingClientRect().bottom > top) return element
    return null
  }

  #isAtEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END
  }

  #scrolled(): void {
    const before = this.#atEnd
    this.#atEnd = this.#isAtEnd()
    if (this.#atEnd !== before) this.#options.onmoved()
    if (this.#scroller.scrollTop < NEAR_THE_BEGINNING) this.#options.onbeginning()
  }
}
