// All attachments of a client: which push is whose, what a new connection resumes, what the server is told when nobody
// listens any more.

import {
  CLIENT_LIMITS,
  isPattern,
  type Json,
  matchesPattern,
  type Push,
  RealtimeError,
  type Sub,
  type Subscribed,
} from '@tautline/wire'
import type { Dismissed, Registry } from './asking.ts'
import { Attachment } from './attachment.ts'
import { Handle } from './handle.ts'
import type { HandleSettings } from './handle-parts.ts'
import type { Session } from './session.ts'
import type { SubscribeOptions } from './subscription.ts'

/** Of a frame, the part that `resume` may take: the token has to fit too. */
const SHARE = 0.75

export class Subscriptions implements Registry {
  readonly settings: HandleSettings
  readonly publisher: Registry['publisher']
  readonly #announce: (channel: string) => void
  readonly #attachments: Map<string, Attachment> = new Map()
  /** Those of them that are patterns. */
  readonly #patterns: Set<Attachment> = new Set()
  /** Told to the server to end, not answered yet; true: what comes of it meanwhile may be read again for it. */
  readonly #leaving: Map<string, boolean> = new Map()
  /** Listed in `connect`, and of no interest since. */
  readonly #orphans: Set<string> = new Set()
  #session: Session | null = null
  /** Of the last server: the next one will have the same. */
  #limits: Readonly<Record<string, number>> = {}

  /** @param announce the server made a subscription that nobody asked for */
  constructor(settings: HandleSettings, publisher: Registry['publisher'], announce: (channel: string) => void) {
    this.settings = settings
    this.publisher = publisher
    this.#announce = announce
  }

  subscribe(channel: string, options: SubscribeOptions<Json>): Handle<Json> {
    const attachment = this.#attachments.get(channel) ?? this.#create(channel, false)
    const handle = new Handle<Json>(attachment, this.settings, options)
    attachment.add(handle)
    if (this.#session && attachment.state === 'waiting' && !attachment.known) attachment.up(this.#session)
    return handle
  }

  /** Every subscription, in the order in which the application made them. */
  resume(): Sub[] {
    this.#orphans.clear()
    let room = (this.#limits['frame'] ?? CLIENT_LIMITS.frame) * SHARE
    const subs: Sub[] = []
    for (const attachment of this.#attachments.values()) {
      attachment.down()
      if (attachment.source || subs.length >= this.#most || room <= 0) continue
      const sub = attachment.resume()
      room -= JSON.stringify(sub).length
      subs.push(sub)
    }
    return subs
  }

  up(session: Session): void {
    this.#session = session
    this.#limits = session.connected.limits
    for (const channel of this.#orphans) this.#tellLeaving(session, channel, true, () => {})
    this.#orphans.clear()
    for (const attachment of [...this.#attachments.values()]) attachment.up(session)
  }

  down(): void {
    this.#session = null
    this.#leaving.clear()
    for (const attachment of [...this.#attachments.values()]) attachment.down()
  }

  push(push: Push): void {
    if (!('ch' in push)) return
    const attachment = this.#attachments.get(push.ch)
    if (push.ev === 'sub') this.#announced(attachment, push)
    else if (push.ev === 'lost') attachment?.lost(push)
    else if (push.ev === 'unsub') attachment?.ended(RealtimeError.from(push.error))
    else if (push.ev === 'members') attachment?.roster.push(push)
    else {
      // What is read again for the channel itself is older than what a pattern began with.
      const replayed = attachment ? attachment.state !== 'live' : this.#leaving.get(push.ch)
      attachment?.entry(push)
      // A publication that matches a name and patterns comes once, and is everybody's.
      for (const pattern of this.#patterns) {
        const wanted = !replayed || (push.ev !== 'fence' && pattern.knows(push.ch))
        if (wanted && matchesPattern(pattern.channel, push.ch)) pattern.entry(push)
      }
    }
  }

  lost(channel: string): void {
    for (const pattern of this.#patterns) if (matchesPattern(pattern.channel, channel)) pattern.forget(channel)
  }

  async dismissed(attachment: Dismissed): Promise<void> {
    const { channel, known, state } = attachment
    const session = this.#session
    this.#attachments.delete(channel)
    this.#patterns.delete(attachment as Attachment)
    attachment.close()
    if (!known || state === 'stopped') return
    if (session) await new Promise<void>((resolve) => this.#tellLeaving(session, channel, state !== 'live', resolve))
    // Perhaps in the `connect` that is under way.
    else this.#orphans.add(channel)
  }

  #create(channel: string, server: boolean): Attachment {
    const attachment = new Attachment(channel, this, server)
    this.#attachments.set(channel, attachment)
    if (isPattern(channel)) this.#patterns.add(attachment)
    return attachment
  }

  #tellLeaving(session: Session, channel: string, replayed: boolean, done: () => void): void {
    this.#leaving.set(channel, replayed)
    session.send({ op: 'unsubscribe', ch: channel }, () => {
      this.#leaving.delete(channel)
      done()
    })
  }

  #announced(attachment: Attachment | undefined, sub: Subscribed): void {
    const session = this.#session
    if (attachment) attachment.announced(sub)
    else if (session && !this.#leaving.has(sub.ch) && this.#attachments.size < this.#most) {
      this.#create(sub.ch, true).adopt(session, sub)
      this.#announce(sub.ch)
    }
  }

  get #most(): number {
    return this.#limits['channels'] ?? CLIENT_LIMITS.channels
  }
}
