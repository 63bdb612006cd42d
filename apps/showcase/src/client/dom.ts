// The few steps every view takes with the page. Text goes in as text only: nothing here, and nothing in this app, ever
// parses HTML.

/** The element with this id, of the class the caller expects. Throws when index.html and the code disagree. */
export function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`)
  return found
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

/** Somebody's text: its own direction must not reorder what stands around it. */
export function foreignText(tag: 'span' | 'p', className: string, text: string): HTMLElement {
  const made = element(tag, className, text)
  made.dir = 'auto'
  return made
}

/** A round sign with somebody's first letter, in one of eight tints that follow from who they are. */
export function avatar(user: string, name: string): HTMLElement {
  const made = element('span', 'avatar', initial(name))
  made.dataset['tint'] = String(tintOf(user))
  made.setAttribute('aria-hidden', 'true')
  return made
}

function initial(name: string): string {
  const first = new Intl.Segmenter().segment(name)[Symbol.iterator]().next()
  return first.done === true ? '?' : first.value.segment.toLocaleUpperCase()
}

function tintOf(user: string): number {
  let sum = 0
  for (const character of user) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % 8
}

/** Sets a text that stays the same most of the time. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
