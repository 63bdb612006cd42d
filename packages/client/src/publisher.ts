// Publishing: every publication is repeated with its key until the server has said what became of it, in order per
// channel (tautline.v1 §7). What is not settled survives the connection; the outbox says whether also the page.

import {
  base64url,
  CLIENT_LIMITS,
  type Clock,
  loadBody,
  type PublishCommand,
  type Random,
  RealtimeError,
  type Reply,
  readOk,
  type StoredBody,
} from '@tautline/wire'
import { Backoff } from './backoff.ts'
import type { PublishOptions, PublishResult } from './channel.ts'
import { UnknownOutcomeError } from './errors.ts'
import type { Report } from './events.ts'
import type { Lane, Pending } from './lane.ts'
import type { Outbox, OutboxEntry } from './outbox.ts'
import { bounded, cancelled, deferred } from './promises.ts'
import type { Session } from './session.ts'

export interface PublisherSettings {
  readonly clock: Clock
  readonly random: Random
  readonly outbox: Outbox
  readonly report: Report
}

/** Bytes that may wait in the WebSocket before more is given to it. */
const HIGH_MARK = 262_144
/** Own keys remembered, to know their echo. */
const ECHOES = 20_000

export class Publisher {
  /** The secret of the outbox; `open` comes first. */
  client: string = ''
  /** Publications that are not settled. */
  size: number = 0
  readonly #settings: PublisherSettings
  readonly #lanes: Map<string, Lane> = new Map()
  readonly #echoes: Set<string> = new Set()
  #opening: Promise<void> | null = null
  #session: Session | null = null
  /** Commands under way, and how many may be. */
  #inflight: number = 0
  #most: number = 0
  /** Sending: nothing overtakes what is being noted in the outbox. */
  #busy: boolean = false

  constructor(settings: PublisherSettings) {
    this.#settings = settings
  }

  isOwn(key: string | undefined): boolean {
    return this.#echoes.has(key as string)
  }

  /** Resolves when the outbox is open. One that cannot be opened is tried again with the next attempt. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    return this.#opening
  }

  publish(channel: string, body: StoredBody, options: PublishOptions): Promise<PublishResult> {
    const { random } = this.#settings
    const { key = base64url(random.bytes(12)), state, signal } = options
    const pending = this.#pending({ channel, key, body, state, since: null } as OutboxEntry)
    pending.lane.pending.push(pending)
    pending.forget = bounded(this.#settings.clock, 0, signal, (aborted) => {
      const error = cancelled('publish', aborted as AbortSignal, pending.transmissions > 0)
      this.#settle(pending, error)
    })
    if (!pending.settled) this.#keep(pending).catch((error: Error) => this.#settle(pending, error, true))
    return pending.promise
  }

  up(session: Session): void {
    this.#session = session
    // The other half is for everything else.
    this.#most = Math.max(1, (session.connected.limits['inflight'] ?? CLIENT_LIMITS.inflight) >> 1)
    this.#inflight = 0
    void this.#pump()
  }

  down(): void {
    this.#session = null
    for (const [channel, lane] of this.#lanes) {
      this.#settings.clock.clearTimer(lane.timer)
      lane.timer = null
      lane.number = lane.sent = 0
      if (lane.pending.length === 0) this.#lanes.delete(channel)
    }
  }

  async #open(): Promise<void> {
    const { outbox, random } = this.#settings
    const { client, entries } = await outbox.open(() => base64url(random.bytes(16)))
    this.client = client
    // What was there before goes before what was published meanwhile.
    for (const entry of entries.toReversed()) {
      const pending = this.#pending(entry)
      pending.kept = true
      pending.lane.pending.unshift(pending)
    }
  }

  async #keep(pending: Pending): Promise<void> {
    const { entry, lane } = pending
    await this.open()
    const same = lane.pending.find((one) => one.entry.key === entry.key)
    // Its key is on its way already, perhaps since before the page was loaded: they share their fate.
    if (same && same !== pending && JSON.stringify(same.entry.body) === JSON.stringify(entry.body))
      return this.#settle(pending, await same.promise)
    await this.#settings.outbox.put(entry)
    pending.kept = true
    // Given up meanwhile: it was settled before it was there.
    if (pending.settled) this.#forget(entry)
    void this.#pump()
  }

  #pending(entry: OutboxEntry): Pending {
    const { channel, key, since } = entry
    let lane = this.#lanes.get(channel)
    if (!lane) {
      lane = { backoff: new Backoff(this.#settings.random), number: 0, timer: null, pending: [], sent: 0 }
      this.#lanes.set(channel, lane)
    }
    const transmissions = since === null ? 0 : 1
    const pending: Pending = {
      ...deferred<PublishResult>(),
      entry,
      lane,
      kept: false,
      transmissions,
      settled: false,
    }
    this.size++
    this.#echoes.add(key)
    if (this.#echoes.size > ECHOES) this.#echoes.delete(this.#echoes.values().next().value as string)
    return pending
  }

  /** Sends what may be sent now. */
  async #pump(): Promise<void> {
    const { outbox, report } = this.#settings
    const session = this.#session
    if (!session || this.#busy) return
    const batch = this.#batch(session)
    if (batch.length === 0) return
    const fresh = batch.filter(({ entry }) => entry.since === null)
    const since = session.serverTime()
    this.#busy = true
    try {
      // §7.2: fixed, and stored where the outbox stores, before the first byte leaves.
      if (fresh.length > 0)
        await outbox.stamp(
          fresh.map(({ entry }) => entry),
          since,
        )
      for (const pending of fresh) pending.entry = { ...pending.entry, since }
      // On another connection `down` has made all of them unsent.
      if (this.#session === session) for (const pending of batch) this.#transmit(session, pending)
    } catch (error) {
      report(error)
      if (this.#session === session) {
        this.#inflight -= batch.length
        for (const { lane } of batch) this.#breakLane(lane)
      }
    }
    this.#busy = false
    void this.#pump()
  }

  /** Channel by channel in turn, each in its order. */
  #batch(session: Session): Pending[] {
    const batch: Pending[] = []
    for (let before = -1; before < batch.length && session.buffered() < HIGH_MARK; ) {
      before = batch.length
      for (const lane of this.#lanes.values()) {
        const pending = lane.timer === null ? lane.pending[lane.sent] : undefined
        if (!pending?.kept) continue
        if (this.#inflight >= this.#most) return batch
        this.#inflight++
        lane.sent++
        batch.push(pending)
      }
    }
    return batch
  }

  #transmit(session: Session, pending: Pending): void {
    const { entry, lane } = pending
    const { channel, key, body, state, since } = entry
    const { number } = lane
    if (pending.settled) {
      this.#inflight--
      return
    }
    pending.transmissions++
    session.send(
      { op: 'publish', ch: channel, key, since, lane: number, state, ...loadBody(body) } as PublishCommand,
      (reply) => {
        if (!reply) return
        this.#inflight--
        this.#answered(session, number, pending, reply)
        void this.#pump()
      },
    )
  }

  #answered(session: Session, number: number, pending: Pending, reply: Reply): void {
    const { entry, lane } = pending
    if (!reply.error) {
      const published = readOk('publish', reply.ok)
      lane.backoff.reset()
      this.#settle(pending, { ...published, key: entry.key })
      return
    }
    const error = RealtimeError.from(reply.error)
    if (error.retry === 'no') {
      const { channel, body, state } = entry
      const resend = (): Promise<PublishResult> => this.publish(channel, body, { state } as PublishOptions)
      // §7.6: only the application knows whether twice is worse than never.
      const unknown = error.code === 'key-expired' && pending.transmissions > 1
      this.#settle(pending, unknown ? new UnknownOutcomeError(error, resend) : error)
      return
    }
    if (error.retry === 'auth') session.renew()
    // Those sent behind it under the same number are `aborted`: once is enough.
    if (number === lane.number) this.#breakLane(lane, error.after)
  }

  /** §7.4: wait, raise the number, send all unsettled again in their first order. */
  #breakLane(lane: Lane, after?: number): void {
    lane.timer ??= this.#settings.clock.setTimer(() => {
      lane.timer = null
      lane.number++
      lane.sent = 0
      void this.#pump()
    }, lane.backoff.next(after))
  }

  #settle(pending: Pending, outcome: PublishResult | Error, failed = outcome instanceof Error): void {
    if (pending.settled) return
    const { entry, lane, kept } = pending
    pending.settled = true
    pending.forget?.()
    this.size--
    const at = lane.pending.indexOf(pending)
    lane.pending.splice(at, 1)
    if (at < lane.sent) lane.sent--
    // A lane that was never raised may begin anew.
    if (lane.pending.length === 0 && lane.number === 0 && lane.timer === null) this.#lanes.delete(entry.channel)
    if (kept) this.#forget(entry)
    if (failed) pending.reject(outcome as Error)
    else pending.resolve(outcome as PublishResult)
    // Others may have waited behind it.
    void this.#pump()
  }

  #forget(entry: OutboxEntry): void {
    const { outbox, report } = this.#settings
    void (async () => outbox.remove(entry))().catch(report)
  }
}
