// SqliteBroker for the contract suite: a file of its own, and backups of it that are put back, which is how a store
// comes to lie about what it had.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Append, Appended, LogRule } from '@tautline/broker'
import type { BrokerHarness, Skips } from '@tautline/broker/contract-suite'
import { SqliteBroker, type SqliteBrokerOptions } from '@tautline/broker/sqlite'
import { TestClock } from '../clock.ts'
import { copy, fill, type Place, smallFileSystem, temporaryDirectory, withoutTmpfs } from './places.ts'

export const sqliteSkips: Skips = {
  'a feed that was cut says so, and goes on': 'sqlite: there is no link that could be cut',
  ...(withoutTmpfs !== false && {
    'of a batch that failed in the store a prefix is there, and each outcome says the truth about its entry':
      withoutTmpfs,
  }),
}

export class SqliteHarness implements BrokerHarness {
  readonly clock: TestClock = new TestClock()
  readonly lineage = true
  readonly rounds = 8
  readonly place: Place
  readonly file: string
  readonly #options: Partial<SqliteBrokerOptions>
  #broker!: SqliteBroker

  constructor(options: Partial<SqliteBrokerOptions> = {}) {
    this.place = withoutTmpfs === false ? smallFileSystem('64m') : temporaryDirectory()
    this.file = join(this.place.path, 'store.db')
    this.#options = options
  }

  static async open(options: Partial<SqliteBrokerOptions> = {}): Promise<SqliteHarness> {
    const harness = new SqliteHarness(options)
    try {
      await harness.#open()
    } catch (error) {
      harness.place.remove()
      throw error
    }
    return harness
  }

  get broker(): SqliteBroker {
    return this.#broker
  }

  get nodes(): readonly [SqliteBroker, SqliteBroker] {
    return [this.#broker, this.#broker]
  }

  time(): number {
    return this.clock.wall()
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
  }

  async restart(): Promise<void> {
    await this.#broker.close()
    await this.#open()
  }

  async lose(): Promise<void> {
    await this.#broker.close()
    this.#remove(this.file)
    await this.#open()
  }

  async mark(): Promise<void> {
    for (const end of ['', '-wal'])
      if (existsSync(`${this.file}${end}`)) copy(`${this.file}${end}`, `${this.file}.bak${end}`)
  }

  async rollback(): Promise<void> {
    await this.#broker.close()
    this.#remove(this.file)
    for (const end of ['', '-wal'])
      if (existsSync(`${this.file}.bak${end}`)) copy(`${this.file}.bak${end}`, `${this.file}${end}`)
    await this.#open()
  }

  /** The disk is full for one append. */
  async fail(): Promise<void> {
    // A WAL that has been longer has room in it.
    await this.restart()
    const free = fill(this.place)
    const broker = this.#broker
    const append = broker.append.bind(broker)
    broker.append = async (channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> => {
      broker.append = append
      try {
        return await append(channel, batch, rule)
      } finally {
        free()
      }
    }
  }

  async close(): Promise<void> {
    try {
      await this.#broker.close()
    } finally {
      this.place.remove()
    }
  }

  async #open(): Promise<void> {
    this.#broker = await SqliteBroker.open({ file: this.file, clock: this.clock, ...this.#options })
  }

  /** The sidecar stays: whoever restores a backup restores the database. */
  #remove(file: string): void {
    for (const end of ['', '-wal']) rmSync(`${file}${end}`, { force: true })
  }
}
