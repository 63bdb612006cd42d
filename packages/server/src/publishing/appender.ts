// One append in flight per channel, with everything that arrived meanwhile as the next batch. This, and nothing else,
// makes the order of publications hold under retries on every broker; and it is what makes a busy channel cheap.

import { type Append, type Appended, type Broker, type LogRule, weightOf } from '@tautline/broker'
import { type ErrorCode, isErrorCode, type Published, RealtimeError } from '@tautline/wire'
import type { Health } from '../health.ts'
import { aborted } from './lane.ts'

/** A batch: so many entries, so many bytes of bodies (one larger than that goes alone). */
const BATCH_ENTRIES = 64
const BATCH_BYTES = 262_144
/** What may wait for one channel, and on the whole node. */
const WAITING_ENTRIES = 8_192
const WAITING_BYTES = 67_108_864

interface Waiting {
  readonly append: Append
  readonly bytes: number
  readonly isAborted: () => boolean
  readonly settle: (outcome: Published | RealtimeError) => void
}

interface Queue {
  readonly waiting: Waiting[]
  readonly rule: LogRule
}

/** One per node. */
export class Appender {
  private readonly broker: Broker
  private readonly health: Health
  private readonly queues: Map<string, Queue> = new Map()
  private bytes = 0

  constructor(broker: Broker, health: Health) {
    this.broker = broker
    this.health = health
  }

  /** Bytes that wait to be stored. */
  get waitingBytes(): number {
    return this.bytes
  }

  /**
   * Stores one entry behind all that were handed over before.
   *
   * @param settle called once, in the order of the channel
   * @param isAborted asked at the last moment: did something fail that it must not overtake?
   */
  append(
    channel: string,
    rule: LogRule,
    append: Append,
    settle: (outcome: Published | RealtimeError) => void,
    isAborted: () => boolean,
  ): void {
    const bytes = weightOf(append)
    let queue = this.queues.get(channel)
    if ((queue !== undefined && queue.waiting.length >= WAITING_ENTRIES) || this.bytes + bytes > WAITING_BYTES) {
      settle(new RealtimeError('overloaded', 'too many publications wait to be stored', { after: 1_000 }))
      return
    }
    const waiting = { append, bytes, isAborted, settle }
    this.bytes += bytes
    if (queue !== undefined) {
      queue.waiting.push(waiting)
      return
    }
    queue = { waiting: [waiting], rule }
    this.queues.set(channel, queue)
    void this.run(channel, queue)
  }

  private async run(channel: string, queue: Queue): Promise<void> {
    while (queue.waiting.length > 0) {
      const batch = this.cut(queue)
      if (batch.length === 0) continue
      const outcomes = await this.store(channel, batch, queue.rule)
      batch.forEach((one, i) => {
        this.conclude(one, outcomes[i])
      })
    }
    this.queues.delete(channel)
  }

  /** The next batch. Whoever is behind a failure in its lane is turned back here, at the last moment. */
  private cut(queue: Queue): Waiting[] {
    const batch: Waiting[] = []
    let bytes = 0
    let taken = 0
    for (const one of queue.waiting) {
      if (batch.length === BATCH_ENTRIES || (batch.length > 0 && bytes + one.bytes > BATCH_BYTES)) break
      taken++
      this.bytes -= one.bytes
      if (one.isAborted()) {
        one.settle(aborted())
        continue
      }
      batch.push(one)
      bytes += one.bytes
    }
    queue.waiting.splice(0, taken)
    return batch
  }

  private async store(channel: string, batch: readonly Waiting[], rule: LogRule): Promise<readonly Appended[]> {
    try {
      const appends = batch.map((one) => one.append)
      // A store that answers but stores nothing is not well either.
      return await this.health.watch(this.broker.append(channel, appends, rule), storesSomething)
    } catch {
      // A broker does not reject; one that does has told nothing.
      return batch.map(() => ({ fail: 'unavailable', applied: 'unknown' }))
    }
  }

  private conclude(one: Waiting, outcome: Appended | undefined): void {
    if (outcome?.position !== undefined) {
      const { position, duplicate } = outcome
      one.settle(duplicate === true ? { position, duplicate } : { position })
      return
    }
    one.settle(failureOf(outcome?.fail ?? 'unknown', outcome?.applied ?? 'unknown'))
  }
}

function storesSomething(outcomes: readonly Appended[]): boolean {
  return outcomes.some((outcome) => outcome.fail !== 'unavailable')
}

function failureOf(code: string, applied: 'no' | 'unknown'): RealtimeError {
  if (applied === 'unknown') return new RealtimeError('unknown', 'the store did not say whether it was stored')
  const known: ErrorCode = isErrorCode(code) ? code : 'unavailable'
  return new RealtimeError(known, undefined, known === 'unavailable' ? { after: 1_000 } : {})
}
