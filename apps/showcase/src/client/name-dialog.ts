// Asks for a name: once on the first visit, where it cannot be skipped, and whenever somebody wants another one.
import { cleanName } from '../shared/messages.ts'
import { byId } from './dom.ts'

export class NameDialog {
  readonly #dialog: HTMLDialogElement
  readonly #input: HTMLInputElement
  readonly #notice: HTMLElement
  readonly #cancel: HTMLButtonElement
  readonly #save: HTMLButtonElement
  readonly #onname: (name: string) => void
  #required: boolean

  constructor(onname: (name: string) => void) {
    this.#onname = onname
    this.#required = false
    this.#dialog = byId('name-dialog', HTMLDialogElement)
    this.#input = byId('name', HTMLInputElement)
    this.#notice = byId('name-notice', HTMLParagraphElement)
    this.#cancel = byId('name-cancel', HTMLButtonElement)
    this.#save = byId('name-save', HTMLButtonElement)
    this.#cancel.addEventListener('click', () => this.#dialog.close())
    this.#dialog.addEventListener('cancel', (event) => this.#required && event.preventDefault())
    // Chromium lets a second Escape pass whatever `cancel` said: then the suggested name is taken.
    this.#dialog.addEventListener('close', () => this.#required && this.#take())
    byId('name-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.#take()) this.#dialog.close()
    })
  }

  /** `required`: nobody enters without a name. */
  open(name: string, required: boolean): void {
    this.#required = required
    this.#cancel.hidden = required
    this.#save.textContent = required ? 'Join the chat' : 'Save'
    this.#notice.textContent = ''
    this.#input.value = name
    this.#dialog.showModal()
    this.#input.select()
  }

  #take(): boolean {
    const name = cleanName(this.#input.value)
    if (name === '') {
      this.#notice.textContent = 'Please write a name.'
      this.#input.focus()
      if (!this.#dialog.open) this.#dialog.showModal()
      return false
    }
    this.#required = false
    this.#onname(name)
    return true
  }
}
