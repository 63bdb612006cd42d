// How many requests are under way at once, and who is next: those who wait take turns, so that one who asks a lot waits
// behind nobody but himself. It knows no time; whoever gives up waiting says so by a signal.

/** Gives the place back. */
export type Leave = () => void

interface Waiting {
  readonly admit: (leave: Leave) => void
}

export interface GateSettings {
  /** Places. */
  readonly concurrency: number
  /** Who may wait, at most. */
  readonly queue: number
  /** Of both, the part that one may have: 1 for all, 4 for a quarter. */
  readonly parts: number
}

/** One per event. */
export class Gate {
  private readonly settings: GateSettings
  /** Places and waiting places of one. */
  private readonly share: number
  private readonly line: number
  private readonly running: Map<string, number> = new Map()
  /** In the order in which they are served next. */
  private readonly waiting: Map<string, Set<Waiting>> = new Map()
  private taken = 0
  private queued = 0

  constructor(settings: GateSettings) {
    this.settings = settings
    this.share = Math.ceil(settings.concurrency / settings.parts)
    this.line = Math.ceil(settings.queue / settings.parts)
  }

  /** Requests under way. */
  get size(): number {
    return this.taken
  }

  /** Requests that wait. */
  get length(): number {
    return this.queued
  }

  /**
   * A place, now or later.
   *
   * @param who asks
   * @returns null: too many wait already, or the signal was aborted first
   */
  enter(who: string, signal: AbortSignal): Promise<Leave | null> {
    if (signal.aborted) return Promise.resolve(null)
    if (this.taken < this.settings.concurrency && (this.running.get(who) ?? 0) < this.share) {
      return Promise.resolve(this.admit(who))
    }
    const line = this.waiting.get(who) ?? new Set<Waiting>()
    if (this.queued >= this.settings.queue || line.size >= this.line) return Promise.resolve(null)
    this.waiting.set(who, line)
    this.queued++
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.remove(who, line, waiting)
        resolve(null)
      }
      const waiting: Waiting = {
        admit: (leave) => {
          signal.removeEventListener('abort', giveUp)
          resolve(leave)
        },
      }
      line.add(waiting)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  private admit(who: string): Leave {
    this.taken++
    this.running.set(who, (this.running.get(who) ?? 0) + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      this.taken--
      const rest = (this.running.get(who) ?? 1) - 1
      if (rest === 0) this.running.delete(who)
      else this.running.set(who, rest)
      this.serve()
    }
  }

  private serve(): void {
    // At most `parts` of them have their share already and are passed over.
    for (const [who, line] of this.waiting) {
      if (this.taken >= this.settings.concurrency) return
      if ((this.running.get(who) ?? 0) >= this.share) continue
      const [first] = line
      if (first === undefined) continue
      this.remove(who, line, first)
      // Behind the others.
      if (line.size > 0) {
        this.waiting.delete(who)
        this.waiting.set(who, line)
      }
      first.admit(this.admit(who))
      return
    }
  }

  private remove(who: string, line: Set<Waiting>, waiting: Waiting): void {
    if (!line.delete(waiting)) return
    this.queued--
    if (line.size === 0) this.waiting.delete(who)
  }
}
