// Event handler IDL attributes (HTML §8.1.8.1): onopen and its like. A handler keeps the place among the listeners that
// it got when it was first set, whatever it is changed to; null takes it out.

/** What an `on…` attribute holds. Objects that cannot be called are kept and never called, as HTML has it. */
export type EventHandler = ((event: never) => unknown) | null

interface Entry {
  value: EventHandler
  readonly listener: (event: Event) => void
}

/** The handlers of one target. */
export class EventHandlers {
  readonly #target: EventTarget
  readonly #entries: Map<string, Entry> = new Map()

  constructor(target: EventTarget) {
    this.#target = target
  }

  get(type: string): EventHandler {
    return this.#entries.get(type)?.value ?? null
  }

  /** `[LegacyTreatNonObjectAsNull]`: whatever is no object is null. */
  set(type: string, value: unknown): void {
    const entry = this.#entries.get(type)
    if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) {
      if (entry === undefined) return
      this.#target.removeEventListener(type, entry.listener)
      this.#entries.delete(type)
    } else if (entry === undefined) this.#add(type, value as EventHandler)
    else entry.value = value as EventHandler
  }

  #add(type: string, value: EventHandler): void {
    const entry: Entry = {
      value,
      listener: (event) => {
        if (typeof entry.value === 'function') entry.value.call(this.#target, event as never)
      },
    }
    this.#entries.set(type, entry)
    this.#target.addEventListener(type, entry.listener)
  }
}
