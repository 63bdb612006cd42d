// Draws the list of rooms, each a link with its own address, and what is unread in them.
import { byId, element, foreignText, setText } from './dom.ts'
import type { Room } from './room.ts'
import { pathOf } from './route.ts'

export interface RoomsPanelOptions {
  /** Somebody chose a room. */
  readonly onopen: (room: string) => void
  readonly onnew: () => void
}

export class RoomsPanel {
  readonly #list: HTMLUListElement
  readonly #elsewhere: HTMLElement
  readonly #onopen: (room: string) => void
  /** What is drawn. */
  #drawn: string

  constructor(options: RoomsPanelOptions) {
    this.#list = byId('rooms-list', HTMLUListElement)
    this.#elsewhere = byId('elsewhere', HTMLSpanElement)
    this.#onopen = options.onopen
    this.#drawn = ''
    byId('new-room', HTMLButtonElement).addEventListener('click', options.onnew)
  }

  render(rooms: Iterable<Room>, open: string, unreadElsewhere: number): void {
    const shown = Array.from(rooms, ({ name, title, mark }) => ({ name, title, unread: mark.unread }))
    const drawn = JSON.stringify([shown, open])
    // An element that is replaced loses its focus: only when something has changed.
    if (drawn === this.#drawn) return
    const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.pathname : null
    this.#drawn = drawn
    this.#list.replaceChildren(...shown.map((room) => this.#draw(room, room.name === open)))
    if (focused !== null) this.#list.querySelector<HTMLElement>(`a[href="${focused}"]`)?.focus()
    this.#elsewhere.hidden = unreadElsewhere === 0
    setText(this.#elsewhere, shortCount(unreadElsewhere))
  }

  #draw(room: { name: string; title: string; unread: number }, open: boolean): HTMLLIElement {
    const link = element('a', 'room')
    link.href = pathOf(room.name)
    if (open) link.setAttribute('aria-current', 'page')
    link.append(element('span', 'hash', '#'), foreignText('span', 'room-name', room.title))
    if (room.unread > 0) {
      const badge = element('span', 'badge', shortCount(room.unread))
      badge.append(element('span', 'visually-hidden', ' unread'))
      link.append(badge)
    }
    link.addEventListener('click', (event) => {
      // With a modifier it is a link like any other: another tab, another window.
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      this.#onopen(room.name)
    })
    const item = element('li', '')
    item.append(link)
    return item
  }
}

function shortCount(count: number): string {
  return count > 99 ? '99+' : String(count)
}
