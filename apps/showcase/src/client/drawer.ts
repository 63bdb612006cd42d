// A panel at the side that opens and closes with a button where the screen is narrow. It never knows what is in it.
import { byId } from './dom.ts'

export class Drawer {
  readonly #panel: HTMLElement
  readonly #button: HTMLButtonElement

  /** `id` names the panel; its button is `${id}-button`. */
  constructor(id: string) {
    this.#panel = byId(id, HTMLElement)
    this.#button = byId(`${id}-button`, HTMLButtonElement)
    this.#button.addEventListener('click', () => this.#toggle(!this.#isOpen))
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#isOpen) return
      this.close()
      this.#button.focus()
    })
    document.addEventListener('pointerdown', (event) => {
      const inside =
        event.target instanceof Node && (this.#panel.contains(event.target) || this.#button.contains(event.target))
      if (!inside) this.close()
    })
  }

  get #isOpen(): boolean {
    return this.#panel.hasAttribute('data-open')
  }

  close(): void {
    this.#toggle(false)
  }

  #toggle(open: boolean): void {
    this.#panel.toggleAttribute('data-open', open)
    this.#button.setAttribute('aria-expanded', String(open))
  }
}
