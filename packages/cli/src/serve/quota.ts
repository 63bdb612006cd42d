// How often one kind of event is written: some at once, then as many as come back with time. What is left out is counted
// and told.

/** Lines of one event at once, and ms after which they may be written again. */
const BURST = 20
const PERIOD = 10_000
/** Kinds of events that are told apart. */
const KINDS = 256

interface Spent {
  since: number
  count: number
}

export class Quota {
  private readonly now: () => number
  private readonly tell: (event: string, count: number) => void
  private readonly spent: Map<string, Spent> = new Map()
  private timer: NodeJS.Timeout | null = null

  constructor(now: () => number, tell: (event: string, count: number) => void) {
    this.now = now
    this.tell = tell
  }

  /** May one more of this kind be written? */
  take(event: string): boolean {
    const now = this.now()
    let spent = this.spent.get(event)
    if (spent === undefined) {
      if (this.spent.size >= KINDS) return false
      spent = { since: now, count: 0 }
      this.spent.set(event, spent)
    } else if (now - spent.since >= PERIOD) {
      this.settle(event, spent)
      spent.since = now
      spent.count = 0
    }
    spent.count++
    if (spent.count <= BURST) return true
    this.timer ??= setTimeout(() => this.settleAll(), PERIOD).unref()
    return false
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.settleAll()
  }

  private settleAll(): void {
    this.timer = null
    for (const [event, spent] of this.spent) this.settle(event, spent)
    this.spent.clear()
  }

  private settle(event: string, { count }: Spent): void {
    if (count > BURST) this.tell(event, count - BURST)
  }
}
