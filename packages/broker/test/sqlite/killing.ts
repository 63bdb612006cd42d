// Publishers that are killed at random moments, and the books that are kept on what they were told: every acknowledged
// publication is there exactly once, no (epoch, offset) names two, positions hold over every kill.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Entry } from '@tautline/broker'
import { SqliteBroker } from '@tautline/broker/sqlite'
import type { Random } from '@tautline/testkit'
import type { Position } from '@tautline/wire'
import { entriesOf, KILL_RULE } from './publishing.ts'

const PUBLISHER = join(import.meta.dirname, 'publisher.ts')

export interface KillTally {
  kills: number
  acknowledged: number
  /** Sent, not answered, and found in the log all the same. */
  landed: number
  /** Sent, not answered, not in the log. */
  vanished: number
  /** Sent again by the next publisher and answered as known. */
  duplicates: number
}

interface Told {
  /** Acknowledged positions by channel and key. */
  readonly acknowledged: Map<string, string>
  /** Channel and key, in the order in which they were sent. */
  readonly unsettled: Set<string>
}

export class Books {
  readonly tally: KillTally = { kills: 0, acknowledged: 0, landed: 0, vanished: 0, duplicates: 0 }
  readonly #file: string
  readonly #channels: number
  readonly #durability: string
  readonly #told: Told = { acknowledged: new Map(), unsettled: new Set() }
  /** Keys of entries that were seen, and where: each is there once. */
  readonly #seen = new Map<string, string>()
  readonly #named = new Map<string, string>()
  readonly #positions = new Map<string, Position>()

  constructor(file: string, channels: number, durability: string = 'fsync') {
    this.#file = file
    this.#channels = channels
    this.#durability = durability
  }

  /** Lets a publisher run for a random time, kills it, looks at what is there. */
  async round(random: Random, most: number): Promise<void> {
    // Now and then it is killed while it opens the store, or sends again what was unsettled.
    await this.#publish(random.between(0, most), random.below(5) === 0)
    this.tally.kills++
    const broker = await SqliteBroker.open({ file: this.#file, log: (event) => assert.fail(`after a kill: ${event}`) })
    try {
      for (let i = 0; i < this.#channels; i++) await this.#look(broker, `c${i}`)
    } finally {
      await broker.close()
    }
    for (const name of this.#told.unsettled) this.tally[this.#seen.has(name) ? 'landed' : 'vanished']++
    for (const [name, position] of this.#told.acknowledged) {
      assert.equal(this.#seen.get(name), position, `acknowledged, so it is there: ${name}`)
    }
    this.#told.acknowledged.clear()
  }

  /** Runs a publisher until `ms` after it is ready (or has been started), and reads all it said. */
  async #publish(ms: number, early: boolean): Promise<void> {
    const { kills } = this.tally
    const argv = [PUBLISHER, this.#file, `r${kills}`, `${this.#channels}`, this.#durability]
    const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.on('error', () => {})
    child.stdin.end([...this.#told.unsettled].join('\n'))
    let said = ''
    const kill = (after: number): NodeJS.Timeout => setTimeout(() => child.kill('SIGKILL'), after)
    // Node itself takes some 100 ms to start.
    let timer = early ? kill(80 + ms) : undefined
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      said += piece
      if (said.includes('ready\n')) timer ??= kill(ms)
    })
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.once('close', (...how) => resolve(how)),
    )
    clearTimeout(timer)
    assert.equal(signal, 'SIGKILL', `the publisher ended by itself: ${code}`)
    // The last line may be half a line: what it would have said was not said.
    for (const line of said.slice(0, said.lastIndexOf('\n') + 1).split('\n')) this.#note(line.split(' '))
  }

  #note([what, channel, ...rest]: readonly string[]): void {
    if (what === 'sent') for (const key of rest) this.#told.unsettled.add(`${channel} ${key}`)
    if (what === 'fail') assert.fail(`refused: ${rest.join(' ')}`)
    if (what !== 'ack') return
    const [key, epoch, offset, id, how] = rest
    const name = `${channel} ${key}`
    this.#told.unsettled.delete(name)
    this.#told.acknowledged.set(name, `${epoch} ${offset} ${id}`)
    this.tally.acknowledged++
    if (how === 'duplicate') this.tally.duplicates++
  }

  async #look(broker: SqliteBroker, channel: string): Promise<void> {
    const from = this.#positions.get(channel) ?? 'start'
    // From the position of the round before: the kill must not have cost it its proof.
    for (const entry of await entriesOf(broker, channel, from, KILL_RULE)) this.#enter(channel, entry)
  }

  #enter(channel: string, entry: Entry): void {
    const position = `${entry.epoch} ${entry.off} ${entry.id}`
    const name = `${channel} ${entry.key}`
    assert.equal(this.#seen.get(name), undefined, `there once: ${name}`)
    this.#seen.set(name, position)
    const place = `${channel} ${entry.epoch} ${entry.off}`
    assert.equal(this.#named.get(place), undefined, `one entry at ${place}`)
    this.#named.set(place, entry.id)
    assert.equal(entry.fence !== undefined, entry.off === 1, `no fence but the first: ${place}`)
    this.#positions.set(channel, { epoch: entry.epoch, offset: entry.off, id: entry.id })
  }
}
