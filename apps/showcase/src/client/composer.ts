// Where a message is written. Enter sends, Shift+Enter makes a new line; each room's draft survives a reload of the tab.
// It never sends: the text goes to `onsubmit`, which says whether it was taken.
import { characters, cleanText, LIMITS } from '../shared/messages.ts'
import { byId } from './dom.ts'
import type { Remembered } from './storage.ts'

/** From here on the remaining characters are shown. */
const NEARLY_FULL = 200

export interface ComposerOptions {
  readonly drafts: Remembered
  /** Returns what is wrong, or null when the text was taken. */
  readonly onsubmit: (text: string) => string | null
  readonly ontyping: () => void
}

export class Composer {
  readonly #form: HTMLFormElement
  readonly #text: HTMLTextAreaElement
  readonly #notice: HTMLElement
  readonly #options: ComposerOptions
  #room: string

  constructor(options: ComposerOptions) {
    this.#options = options
    this.#room = ''
    this.#form = byId('composer', HTMLFormElement)
    this.#text = byId('text', HTMLTextAreaElement)
    this.#notice = byId('notice', HTMLParagraphElement)
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit()
    })
    this.#text.addEventListener('keydown', (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#submit()
    })
    this.#text.addEventListener('input', () => {
      this.#changed()
      if (this.#text.value.trim() !== '') options.ontyping()
    })
  }

  /** Shows the draft of this room. */
  show(room: string, title: string): void {
    this.#text.placeholder = `Write to ${title}`
    if (room === this.#room) return
    this.#room = room
    this.#text.value = this.#options.drafts.get(room) ?? ''
    this.#changed()
  }

  /** Puts a text back that was taken before, in front of what has been written since. */
  giveBack(text: string): void {
    this.#text.value = this.#text.value === '' ? text : `${text}\n${this.#text.value}`
    this.#changed()
    this.focus()
  }

  hide(hidden: boolean): void {
    this.#form.hidden = hidden
  }

  focus(): void {
    this.#text.focus({ preventScroll: true })
  }

  notice(text: string): void {
    this.#notice.textContent = text
  }

  #submit(): void {
    const text = cleanText(this.#text.value)
    if (text === '') return
    const over = characters(text) - LIMITS.text
    const problem = over > 0 ? `This is ${over} characters too long.` : this.#options.onsubmit(text)
    if (problem === null) {
      this.#text.value = ''
      this.#changed()
    }
    this.notice(problem ?? '')
    this.focus()
  }

  #changed(): void {
    const { value } = this.#text
    this.#form.toggleAttribute('data-empty', value.trim() === '')
    this.#options.drafts.set(this.#room, value)
    // A `field-sizing: content` for browsers that have none yet.
    if (!CSS.supports('field-sizing', 'content')) {
      this.#text.rows = Math.min(6, value.split('\n').length)
    }
    // Counting code points costs a walk: only when it may matter.
    const left = value.length > LIMITS.text - NEARLY_FULL ? LIMITS.text - characters(value) : LIMITS.text
    this.notice(left > NEARLY_FULL ? '' : left >= 0 ? `${left} characters left` : `${-left} characters too long`)
  }
}
