// One attachment as a client follows it, judged on two grounds: by the chain rule, which needs no knowledge of the log, and
// by the log itself. It repairs nothing: whatever a client would have to repair is a fault here.

import { crosses, follow, type GapPush, type LostPush, type Position, type Push, type Subscribed } from '@tautline/wire'

/** What was stored, by offset: the number that an entry carries. Index 0 is never used. */
export type Stored = readonly (number | undefined)[]

export class Trail {
  readonly channel: string
  readonly asked: string
  /** Entries that came. */
  entries: number
  outcome: Subscribed['outcome'] | null
  position: Position | null
  /** The head that the answer named: the subscription is live from there on. */
  head: Position | null
  /** What was left out, and said so: in their order. */
  readonly announced: (GapPush | LostPush)[]
  readonly faults: string[]
  /** Delivered before their publisher knew: offset and number. */
  readonly early: (readonly [number, unknown])[]
  readonly #stored: Stored
  readonly #from: Position | null
  #epoch: string

  /** @param from the position that was asked for; null: another beginning */
  constructor(channel: string, asked: string, from: Position | null, stored: Stored) {
    this.channel = channel
    this.asked = asked
    this.entries = 0
    this.outcome = null
    this.position = null
    this.head = null
    this.announced = []
    this.faults = []
    this.early = []
    this.#stored = stored
    this.#from = from
    this.#epoch = ''
  }

  /** Everything up to the head it was told has come. */
  get live(): boolean {
    return this.position !== null && this.head !== null && this.position.offset >= this.head.offset
  }

  answered(answer: Subscribed): void {
    const { outcome, start, head } = answer
    if (this.outcome !== null) this.#fault('was answered twice')
    if (start === null || head === null) return this.#fault('has no start')
    if (outcome === 'recovered' && (start.offset !== this.#from?.offset || start.id !== this.#from.id)) {
      this.#fault(`recovered from ${start.offset} instead of ${this.#from?.offset}`)
    }
    this.outcome = outcome
    this.position = start
    this.head = head
    this.#epoch = start.epoch
  }

  take(push: Push): void {
    const { position } = this
    if (position === null) return this.#fault(`heard ${push.ev} before it was answered`)
    if (push.ev === 'fence') {
      this.#epoch = push.epoch
      if (crosses(position, push)) this.position = { ...position, epoch: push.epoch }
      else this.#fault(`a fence from ${push.from.offset} at ${position.offset}`)
    } else if (push.ev === 'pub') {
      const { off = 0, prev = off - 1, id, data } = push
      const step = follow(position, { epoch: this.#epoch, offset: off, prev, id })
      if (step !== 'next') this.#fault(`${step}: ${off} behind ${position.offset}`)
      const known = this.#stored[off]
      if (known === undefined) this.early.push([off, data])
      else if (known !== data) this.#fault(`${off} brought ${String(data)} instead of ${known}`)
      this.position = { epoch: this.#epoch, offset: off, id }
      this.entries++
    } else if (push.ev === 'gap') {
      if (push.to.offset <= position.offset) this.#fault(`a gap to ${push.to.offset} at ${position.offset}`)
      this.#skip(push, push.to)
    } else if (push.ev === 'lost' && push.start !== null) {
      this.#skip(push, push.start)
    } else this.#fault(`heard ${push.ev}`)
  }

  /** Once all that was published is acknowledged. */
  verifyEarly(): void {
    for (const [off, data] of this.early) {
      if (this.#stored[off] !== data) this.#fault(`${off} brought ${String(data)} instead of ${this.#stored[off]}`)
    }
  }

  #skip(push: GapPush | LostPush, to: Position): void {
    this.announced.push(push)
    this.position = to
    this.#epoch = to.epoch
  }

  #fault(what: string): void {
    if (this.faults.length < 5) this.faults.push(`${this.channel} (${this.asked}) ${what}`)
  }
}
