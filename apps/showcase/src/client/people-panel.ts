// Draws who is here. On a narrow screen the list opens and closes with the button in the bar.
import type { Person } from '../shared/messages.ts'
import { avatar, byId, element, foreignText } from './dom.ts'

export class PeoplePanel {
  readonly #panel: HTMLElement
  readonly #list: HTMLUListElement
  readonly #hint: HTMLElement
  readonly #count: HTMLElement
  readonly #button: HTMLButtonElement

  constructor() {
    this.#panel = byId('people', HTMLElement)
    this.#list = byId('people-list', HTMLUListElement)
    this.#hint = byId('people-hint', HTMLParagraphElement)
    this.#count = byId('people-count', HTMLSpanElement)
    this.#button = byId('people-button', HTMLButtonElement)
    this.#button.addEventListener('click', () => this.#toggle(!this.#panel.hasAttribute('data-open')))
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#panel.hasAttribute('data-open')) return
      this.#toggle(false)
      this.#button.focus()
    })
    document.addEventListener('pointerdown', (event) => {
      const inside =
        event.target instanceof Node && (this.#panel.contains(event.target) || this.#button.contains(event.target))
      if (!inside) this.#toggle(false)
    })
  }

  /** `stale`: there is no connection, so this is who was here last. */
  render(people: readonly Person[], you: string, stale: boolean): void {
    const sorted = people.toSorted(
      (a, b) => Number(b.id === you) - Number(a.id === you) || a.name.localeCompare(b.name),
    )
    const names = new Map<string, number>()
    for (const { name } of people) names.set(name.toLowerCase(), (names.get(name.toLowerCase()) ?? 0) + 1)
    this.#list.replaceChildren(
      ...sorted.map((person) => draw(person, person.id === you, (names.get(person.name.toLowerCase()) ?? 0) > 1)),
    )
    this.#count.textContent = String(people.length)
    this.#hint.hidden = stale || people.length !== 1
    this.#panel.toggleAttribute('data-stale', stale)
  }

  #toggle(open: boolean): void {
    this.#panel.toggleAttribute('data-open', open)
    this.#button.setAttribute('aria-expanded', String(open))
  }
}

function draw(person: Person, own: boolean, ambiguous: boolean): HTMLLIElement {
  const item = element('li', 'person')
  item.title = `${person.name} · ${person.id}`
  item.append(avatar(person.id, person.name), foreignText('span', 'person-name', person.name))
  // Nobody can take somebody's id: it tells two people of the same name apart.
  if (ambiguous) item.append(element('span', 'tag', `#${person.id.slice(0, 4)}`))
  if (own) item.append(element('span', 'tag', 'you'))
  if (person.tabs > 1) item.append(element('span', 'tag', `${person.tabs} tabs`))
  return item
}
