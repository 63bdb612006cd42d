// The browser's storages as far as the chat needs them. They may be forbidden or full: then things are remembered as
// long as the page lives, and nothing ever throws.

/** As much of the browser's `Storage` as is used. */
export type BrowserStorage = Pick<Storage, 'getItem' | 'setItem'>

/** Texts by name, behind one prefix. */
export class Remembered {
  readonly #storage: BrowserStorage | null
  readonly #prefix: string
  /** What the storage did not take. */
  readonly #kept: Map<string, string>

  constructor(storage: BrowserStorage | null, prefix: string) {
    this.#storage = storage
    this.#prefix = prefix
    this.#kept = new Map()
  }

  /** What was set last, by any tab that shares the storage; null: nothing. */
  get(name: string): string | null {
    try {
      return this.#storage?.getItem(this.#prefix + name) ?? this.#kept.get(name) ?? null
    } catch {
      return this.#kept.get(name) ?? null
    }
  }

  set(name: string, value: string): void {
    try {
      if (this.#storage === null) this.#kept.set(name, value)
      else this.#storage.setItem(this.#prefix + name, value)
    } catch {
      this.#kept.set(name, value)
    }
  }
}

/** `localStorage` or `sessionStorage`; null where reading the property alone is forbidden already. */
export function browserStorage(which: 'localStorage' | 'sessionStorage'): Storage | null {
  try {
    return window[which]
  } catch {
    return null
  }
}
