// Publishing: every publication is repeated with its key until the server has said what became of it, in order per
// channel (tautline.v1 §7). What is not settled survives the connection; the outbox says whether also the page.

import {
  base64url,
  type Clock,
  LIMITS,
  loadBody,
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
import { Lane, type Pending } from './lane.ts'
import type { Outbox, OutboxEntry } from './outbox.ts'
import { cancelled, type Deferred, deferred, onAbort } from './promises.ts'
import type { Session } from './session.ts'

export interface PublisherSettings {
  readonly clock: Clock
  readonly random: Random
  readonly outbox: Outbox
  readonly report: Report
}

/** Bytes that may wait in the WebSocket before more is given to it. */
const HIGH_MARK = 262_144
/** Own keys remembered after they are settled: the echo may come later. */
const ECHOES = 2_000

export class Publisher {
  readonly #settings: PublisherSettings
  readonly #lanes: Map<string, Lane>
  /** By channel and key. */
  readonly #unsettled: Map<string, Pending>
  readonly #echoes: Set<string>
  #opening: Promise<void> | null
  /** The outbox was opened, and said whose it is. */
  #client: string | null
  #session: Session | null
  #inflight: number
  #most: number
  /** The outbox is noting first transmissions: nothing overtakes them. */
  #stamping: boolean

  constructor(settings: PublisherSettings) {
    this.#settings = settings
    this.#lanes = new Map()
    this.#unsettled = new Map()
    this.#echoes = new Set()
    this.#opening = null
    this.#client = null
    this.#session = null
    this.#inflight = 0
    this.#most = 1
    this.#stamping = false
  }

  get size(): number {
    return this.#unsettled.size
  }

  /** The secret of the outbox; `open` comes first. */
  get client(): string {
    return this.#client ?? ''
  }

  isOwn(key: string): boolean {
    return this.#echoes.has(key)
  }

  /** Resolved, or nothing, when the outbox is open. */
  open(): void | Promise<void> {
    if (this.#client !== null) return
    if (this.#opening !== null) return this.#opening
    const content = this.#settings.outbox.open(() => base64url(this.#settings.random.bytes(16)))
    const opened = ({ client, entries }: Awaited<typeof content>): void => {
      this.#client = client
      for (const entry of entries.toReversed()) {
        this.#lane(entry.channel).addFirst(this.#take(entry, deferred(), true))
      }
    }
    if (!(content instanceof Promise)) return opened(content)
    this.#opening = content.then(opened)
    // An outbox that cannot be opened is tried again with the next attempt.
    this.#opening.catch(() => {
      this.#opening = null
    })
    return this.#opening
  }

  publish(channel: string, body: StoredBody, options: PublishOptions): Promise<PublishResult> {
    const { state, signal } = options
    const result = deferred<PublishResult>()
    if (signal?.aborted) {
      result.reject(cancelled('publish', signal))
      return result.promise
    }
    const key = options.key ?? base64url(this.#settings.random.bytes(12))
    const same = this.#unsettled.get(`${channel} ${key}`)
    if (same !== undefined) return this.#repeated(same, body, state)
    const entry: OutboxEntry = { channel, key, body, ...(state === undefined ? null : { state }), since: null }
    let kept: void | Promise<void>
    try {
      const opening = this.open()
      const put = (): void | Promise<void> => this.#settings.outbox.put(entry)
      kept = opening === undefined ? put() : opening.then(put)
    } catch (error) {
      result.reject(error as Error)
      return result.promise
    }
    const pending = this.#take(entry, result, kept === undefined)
    this.#lane(channel).add(pending)
    pending.forget = onAbort(signal, () => this.#abort(pending, signal as AbortSignal))
    if (kept !== undefined) void this.#keep(pending, kept)
    this.#pump()
    return result.promise
  }

  up(session: Session): void {
    const inflight = session.connected.limits['inflight'] ?? LIMITS.inflight
    this.#session = session
    // The other half is for everything else.
    this.#most = Math.max(1, inflight >> 1)
    this.#inflight = 0
    this.#pump()
  }

  down(): void {
    this.#session = null
    for (const [channel, lane] of this.#lanes) {
      this.#clearTimer(lane)
      lane.restart(0)
      if (lane.size === 0) this.#lanes.delete(channel)
    }
  }

  #take(entry: OutboxEntry, result: Deferred<PublishResult>, kept: boolean): Pending {
    const pending: Pending = {
      entry,
      deferred: result,
      kept,
      transmissions: entry.since === null ? 0 : 1,
      settled: false,
      forget: () => {},
    }
    this.#unsettled.set(`${entry.channel} ${entry.key}`, pending)
    this.#remember(entry.key)
    return pending
  }

  /** The same key again, before the first was settled. */
  #repeated(same: Pending, body: StoredBody, state: string | undefined): Promise<PublishResult> {
    const { entry } = same
    if (entry.state === state && entry.body.json === body.json && sameBytes(entry.body.bytes, body.bytes)) {
      return same.deferred.promise
    }
    const { promise, reject } = deferred<PublishResult>()
    reject(new RealtimeError('key-conflict'))
    return promise
  }

  async #keep(pending: Pending, kept: Promise<void>): Promise<void> {
    try {
      await kept
      pending.kept = true
      this.#pump()
    } catch (error) {
      this.#settle(pending, () => pending.deferred.reject(error as Error))
    }
  }

  #lane(channel: string): Lane {
    const lane = this.#lanes.get(channel)
    if (lane !== undefined) return lane
    const made = new Lane(channel, new Backoff(this.#settings.random, 500, 20_000))
    this.#lanes.set(channel, made)
    return made
  }

  #remember(key: string): void {
    this.#echoes.add(key)
    if (this.#echoes.size <= ECHOES + this.#unsettled.size) return
    for (const oldest of this.#echoes) {
      this.#echoes.delete(oldest)
      return
    }
  }

  /** Sends what may be sent now: channel by channel in turn, each in its order. */
  #pump(): void {
    const session = this.#session
    if (session === null || this.#stamping) return
    const batch: { readonly lane: Lane; readonly pending: Pending }[] = []
    let more = true
    while (more && session.buffered < HIGH_MARK) {
      more = false
      for (const lane of this.#lanes.values()) {
        const pending = lane.next
        if (pending === undefined) continue
        if (this.#inflight >= this.#most) return this.#stamp(session, batch)
        this.#inflight++
        lane.advance()
        batch.push({ lane, pending })
        more = true
      }
    }
    this.#stamp(session, batch)
  }

  /** §7.2: `since` is fixed, and stored where the outbox stores, before the first byte leaves. */
  #stamp(session: Session, batch: readonly { readonly lane: Lane; readonly pending: Pending }[]): void {
    if (batch.length === 0) return
    const fresh = batch.filter(({ pending }) => pending.entry.since === null)
    const since = session.serverTime()
    for (const { pending } of fresh) pending.entry = { ...pending.entry, since }
    const stamped =
      fresh.length === 0
        ? undefined
        : this.#settings.outbox.stamp(
            fresh.map((of) => of.pending.entry),
            since,
          )
    if (stamped === undefined) return this.#transmit(session, batch)
    this.#stamping = true
    stamped.then(
      () => {
        this.#stamping = false
        // On another connection `down` has made all of them unsent.
        if (this.#session === session) this.#transmit(session, batch)
        this.#pump()
      },
      (error: unknown) => {
        this.#stamping = false
        this.#inflight -= batch.length
        this.#settings.report(error)
        for (const { pending } of batch)
          pending.entry = { ...pending.entry, ...(pending.transmissions === 0 ? { since: null } : null) }
        if (this.#session === session) for (const { lane } of batch) this.#breakLane(session, lane, undefined)
      },
    )
  }

  #transmit(session: Session, batch: readonly { readonly lane: Lane; readonly pending: Pending }[]): void {
    for (const { lane, pending } of batch) {
      if (pending.settled) {
        this.#inflight--
        continue
      }
      const { channel, key, body, state, since } = pending.entry
      const number = lane.number
      pending.transmissions++
      session.send(
        {
          op: 'publish',
          ch: channel,
          key,
          since: since ?? 0,
          lane: number,
          ...(state === undefined ? null : { state }),
          ...loadBody(body),
        },
        (reply) => {
          if (reply === null) return
          this.#inflight--
          this.#answered(session, lane, number, pending, reply)
          this.#pump()
        },
      )
    }
  }

  #answered(session: Session, lane: Lane, number: number, pending: Pending, reply: Reply): void {
    const { key } = pending.entry
    if (reply.error === undefined) {
      const published = readOk('publish', reply.ok)
      lane.backoff.reset()
      this.#settle(pending, () => pending.deferred.resolve({ ...published, key }))
      return
    }
    if (pending.settled) return
    const error = RealtimeError.from(reply.error)
    if (error.retry !== 'no') {
      if (error.retry === 'auth') session.renew()
      // Those sent behind it under the same number are `aborted`: once is enough.
      if (number === lane.number && lane.timer === null) this.#breakLane(session, lane, error.after)
      return
    }
    const unknown = error.code === 'key-expired' && pending.transmissions > 1
    this.#settle(pending, () => pending.deferred.reject(unknown ? this.#unknown(pending.entry, error) : error))
  }

  /** §7.4: wait, raise the number, send all unsettled again in their first order. */
  #breakLane(session: Session, lane: Lane, after: number | undefined): void {
    lane.timer = this.#settings.clock.setTimer(() => {
      lane.timer = null
      if (this.#session !== session) return
      lane.restart(lane.number + 1)
      this.#pump()
    }, lane.backoff.next(after))
  }

  /** §7.6: only the application knows whether twice is worse than never. */
  #unknown(entry: OutboxEntry, cause: RealtimeError): UnknownOutcomeError {
    const { channel, body, state } = entry
    return new UnknownOutcomeError(cause, () => this.publish(channel, body, state === undefined ? {} : { state }))
  }

  #abort(pending: Pending, signal: AbortSignal): void {
    const sent = pending.transmissions > 0
    const error = sent
      ? new RealtimeError('unknown', 'publish was given up by its signal after it had been sent', {
          cause: signal.reason,
        })
      : cancelled('publish', signal)
    this.#settle(pending, () => pending.deferred.reject(error))
  }

  #settle(pending: Pending, tell: () => void): void {
    if (pending.settled) return
    pending.settled = true
    pending.forget()
    const { entry } = pending
    const lane = this.#lanes.get(entry.channel)
    this.#unsettled.delete(`${entry.channel} ${entry.key}`)
    lane?.remove(pending)
    // A lane that was never raised may begin anew.
    if (lane?.size === 0 && lane.number === 0 && lane.timer === null) this.#lanes.delete(entry.channel)
    try {
      const removed = this.#settings.outbox.remove(entry)
      if (removed instanceof Promise) removed.catch(this.#settings.report)
    } catch (error) {
      this.#settings.report(error)
    }
    tell()
  }

  #clearTimer(lane: Lane): void {
    if (lane.timer !== null) this.#settings.clock.clearTimer(lane.timer)
    lane.timer = null
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
