// Draws who has the open room open.
import { avatar, byId, element, foreignText, setText } from './dom.ts'
import type { Person } from './here.ts'

export class PeoplePanel {
  readonly #panel: HTMLElement
  readonly #list: HTMLUListElement
  readonly #hint: HTMLElement
  readonly #count: HTMLElement
  #drawn: string

  constructor() {
    this.#panel = byId('people', HTMLElement)
    this.#list = byId('people-list', HTMLUListElement)
    this.#hint = byId('people-hint', HTMLParagraphElement)
    this.#count = byId('people-count', HTMLSpanElement)
    this.#drawn = ''
  }

  /** `stale`: there is no connection, so this is who was here last. */
  render(people: readonly Person[], you: string, stale: boolean): void {
    this.#panel.toggleAttribute('data-stale', stale)
    this.#hint.hidden = stale || people.length !== 1
    setText(this.#count, String(people.length))
    const drawn = JSON.stringify([people, you])
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    const names = new Map<string, number>()
    for (const { name } of people) names.set(name.toLowerCase(), (names.get(name.toLowerCase()) ?? 0) + 1)
    const sorted = people.toSorted(
      (a, b) => Number(b.id === you) - Number(a.id === you) || a.name.localeCompare(b.name),
    )
    this.#list.replaceChildren(
      ...sorted.map((person) => draw(person, person.id === you, (names.get(person.name.toLowerCase()) ?? 0) > 1)),
    )
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
