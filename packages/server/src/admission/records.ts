// What is remembered of addresses that come and fail, in constant memory: of so many addresses the last that were seen. Two
// leaking buckets each and no timer: they are worked out when somebody asks.

/** Addresses that are remembered; one costs about 200 bytes. */
const MOST = 16_384
const MINUTE = 60_000

interface Record {
  /** Handshakes over the rate, and when that was worked out. */
  visits: number
  visited: number
  /** Failures of the last minute, so far as they have not leaked away. */
  failures: number
  failed: number
}

/** How much of it is too much. */
export interface RecordLimits {
  /** Handshakes a second, behind `perAddress` at once. */
  readonly addressRate: number
  readonly perAddress: number
  /** Failures a minute. */
  readonly failures: number
}

/** Addresses by key (address.ts), the one that was seen last at the end. */
export class Records {
  private readonly records: Map<string, Record> = new Map()
  private readonly most: number

  constructor(most: number = MOST) {
    this.most = most
  }

  get size(): number {
    return this.records.size
  }

  /** @returns ms until a failure is not one too many; 0: it is not now */
  blockedFor(key: string, now: number, { failures }: RecordLimits): number {
    const record = this.records.get(key)
    if (record === undefined) return 0
    const level = leaked(record.failures, now - record.failed, failures / MINUTE)
    return level <= failures - 1 ? 0 : Math.ceil(((level - failures + 1) * MINUTE) / failures)
  }

  failed(key: string, now: number, { failures }: RecordLimits): void {
    const record = this.touch(key, now)
    record.failures = Math.min(failures, leaked(record.failures, now - record.failed, failures / MINUTE) + 1)
    record.failed = now
  }

  /** Counts one handshake. @returns ms until there is room for it; 0: there was, and it was counted */
  visit(key: string, now: number, { addressRate, perAddress }: RecordLimits): number {
    const record = this.touch(key, now)
    const rate = addressRate / 1_000
    const level = leaked(record.visits, now - record.visited, rate)
    record.visited = now
    record.visits = level
    const over = level + 1 - Math.max(perAddress, addressRate)
    if (over > 0) return Math.ceil(over / rate)
    record.visits = level + 1
    return 0
  }

  private touch(key: string, now: number): Record {
    let record = this.records.get(key)
    if (record === undefined) {
      record = { visits: 0, visited: now, failures: 0, failed: now }
      if (this.records.size >= this.most) this.forgetOldest()
    } else this.records.delete(key)
    this.records.set(key, record)
    return record
  }

  private forgetOldest(): void {
    const { value } = this.records.keys().next()
    if (value !== undefined) this.records.delete(value)
  }
}

function leaked(level: number, ms: number, perMs: number): number {
  return Math.max(0, level - ms * perMs)
}
