// What the windows of all shared streams may hold together. The one that has been silent longest makes room: it begins anew
// with its next unit, which costs it a few hundred bytes.

/** A stream, as far as it holds memory. */
export interface Holder {
  /** Gives it back. */
  end(): void
}

export class SharedBudget {
  private readonly most: number
  private bytes = 0
  /** What each holds; the longest silent stands first. */
  private readonly held: Map<Holder, number> = new Map()

  /** @param most bytes of all windows */
  constructor(most: number) {
    this.most = most
  }

  /** A stream has spoken, and holds so many bytes now. */
  use(stream: Holder, bytes: number): void {
    this.forget(stream)
    this.held.set(stream, bytes)
    this.bytes += bytes
    for (const other of this.held.keys()) {
      if (this.bytes <= this.most || other === stream) return
      other.end()
    }
  }

  /** A stream holds nothing any more. */
  forget(stream: Holder): void {
    const before = this.held.get(stream)
    if (before === undefined) return
    this.bytes -= before
    this.held.delete(stream)
  }
}
