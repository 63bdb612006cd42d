// Draws how the connection stands: the pill, the sentence above the composer, and what is under the hood. It decides
// nothing: see standing.ts.
import { byId, setText } from './dom.ts'
import type { Room } from './room.ts'
import type { Words } from './standing.ts'

/** Milliseconds of trouble before the sentence appears: what heals at once is not worth a jump of the page. */
const PATIENCE = 700

export class Status {
  readonly #pill: HTMLElement
  readonly #text: HTMLElement
  readonly #announcement: HTMLElement
  readonly #banner: HTMLElement
  readonly #sentence: HTMLElement
  readonly #button: HTMLButtonElement
  readonly #now: () => number
  #troubleSince: number | null

  constructor(now: () => number, onretry: () => void) {
    this.#pill = byId('status', HTMLParagraphElement)
    this.#text = byId('status-text', HTMLSpanElement)
    this.#announcement = byId('status-announcement', HTMLParagraphElement)
    this.#banner = byId('banner', HTMLParagraphElement)
    this.#sentence = byId('banner-text', HTMLSpanElement)
    this.#button = byId('banner-button', HTMLButtonElement)
    this.#now = now
    this.#troubleSince = null
    this.#button.addEventListener('click', onretry)
  }

  render({ standing, text, spoken, banner, action }: Words): void {
    this.#pill.dataset['state'] = standing
    setText(this.#text, text)
    setText(this.#announcement, spoken)
    if (banner === '') this.#troubleSince = null
    else this.#troubleSince ??= this.#now()
    this.#banner.hidden = this.#troubleSince === null || this.#now() - this.#troubleSince < PATIENCE
    setText(this.#sentence, banner)
    this.#button.hidden = action === ''
    setText(this.#button, action)
  }
}

/** The position in the log, and what this page has been through. */
export function renderFacts(room: Room | undefined, connections: number): void {
  const position = room?.subscription.position ?? null
  fact('position', position === null ? '–' : position.offset.toLocaleString())
  fact('epoch', position === null ? '–' : position.epoch)
  fact('connections', String(connections))
  fact('caught-up', String(room?.account.caughtUp ?? 0))
  fact('losses', String(room?.account.losses ?? 0))
}

function fact(name: string, text: string): void {
  setText(byId(`fact-${name}`, HTMLElement), text)
}
