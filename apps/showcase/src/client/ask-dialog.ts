// Asks for one line of text: a name, a room. Where an answer is required it cannot be left without one.
import { byId } from './dom.ts'

export interface AskDialogOptions {
  /** What its elements' ids begin with. */
  readonly id: string
  /** Takes the answer; resolves with what is wrong with it, or null. */
  readonly onanswer: (text: string) => Promise<string | null>
}

export class AskDialog {
  readonly #dialog: HTMLDialogElement
  readonly #input: HTMLInputElement
  readonly #notice: HTMLElement
  readonly #cancel: HTMLButtonElement
  readonly #save: HTMLButtonElement
  readonly #onanswer: (text: string) => Promise<string | null>
  #required: boolean

  constructor({ id, onanswer }: AskDialogOptions) {
    this.#onanswer = onanswer
    this.#required = false
    this.#dialog = byId(`${id}-dialog`, HTMLDialogElement)
    this.#input = byId(`${id}-input`, HTMLInputElement)
    this.#notice = byId(`${id}-notice`, HTMLParagraphElement)
    this.#cancel = byId(`${id}-cancel`, HTMLButtonElement)
    this.#save = byId(`${id}-save`, HTMLButtonElement)
    this.#cancel.addEventListener('click', () => this.#dialog.close())
    this.#dialog.addEventListener('cancel', (event) => this.#required && event.preventDefault())
    // Chromium lets a second Escape pass whatever `cancel` said: then the suggested answer is taken.
    this.#dialog.addEventListener('close', () => this.#required && void this.#take())
    byId(`${id}-form`, HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#take()
    })
  }

  /** `required`: nobody goes on without an answer. */
  open(text: string, required: boolean, save: string): void {
    this.#required = required
    this.#cancel.hidden = required
    this.#save.textContent = save
    this.#notice.textContent = ''
    this.#input.value = text
    this.#dialog.showModal()
    this.#input.select()
  }

  async #take(): Promise<void> {
    this.#save.disabled = true
    const problem = await this.#onanswer(this.#input.value)
    this.#save.disabled = false
    if (problem === null) {
      this.#required = false
      this.#dialog.close()
      return
    }
    this.#notice.textContent = problem
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#input.focus()
  }
}
