// One room as this page lives it: its log, followed without a hole from where its reader stopped; what this tab says in
// it; what nobody has looked at yet. It draws nothing, and everything about connections it leaves to the client.
import { type Channel, type Message, type Subscription, UnknownOutcomeError } from '@tautline/client'
import { type Lost, type Position, RealtimeError } from '@tautline/wire'
import type { Said } from '../shared/messages.ts'
import type { Bookmarks } from './bookmarks.ts'
import { explainLoss } from './losses.ts'
import { Outgoing } from './outgoing.ts'
import { ReadMark } from './read-mark.ts'
import { ownKey } from './rows.ts'
import { type ChatMessage, Timeline } from './timeline.ts'

/** Messages of one page of history. */
const PAGE = 50
/** Milliseconds within which the copy of a stored message is certainly here. */
const COPY_WITHIN = 3_000

export interface RoomOptions {
  readonly name: string
  readonly title: string
  readonly channel: Channel<Said>
  readonly bookmarks: Bookmarks
  /** Our own public id, '' before the server told us. */
  readonly you: () => string
  readonly newKey: () => string
  readonly wallClock: () => number
  readonly onchange: () => void
  /** Somebody has said something just now. */
  readonly onsaid: (user: string) => void
  /** Made while we were here: everything in it is new to us. */
  readonly fresh: boolean
}

export class Room {
  readonly name: string
  readonly title: string
  readonly timeline: Timeline
  readonly outgoing: Outgoing
  readonly mark: ReadMark
  /** Messages that came in one go after a connection; how often something was missing. */
  readonly account: { caughtUp: number; losses: number }
  readonly subscription: Subscription<Said>
  readonly #options: RoomOptions
  /** Keys of messages from before the tab was loaded again. */
  readonly #restored: Set<string>
  /** The reader sees the end of the room. */
  #looking: boolean
  /** Has been live once: what comes before that was said while nobody was here. */
  #entered: boolean
  #opened: boolean
  #loading: boolean
  /** The entry up to which the reader has read, as far as this tab has noted it. */
  #readTo: string

  constructor(options: RoomOptions) {
    this.name = options.name
    this.title = options.title
    this.timeline = new Timeline()
    this.outgoing = new Outgoing()
    this.mark = new ReadMark()
    this.account = { caughtUp: 0, losses: 0 }
    this.#options = options
    this.#restored = new Set()
    this.#looking = false
    this.#entered = false
    this.#opened = false
    this.#loading = false
    const stopped = options.bookmarks.get(options.name)
    this.#readTo = stopped?.id ?? ''
    if (stopped !== null) this.timeline.begin(stopped)
    this.subscription = options.channel.subscribe({
      // Never been here: only what is said from now on is new; what is older is history.
      ...(stopped !== null ? { from: stopped } : options.fresh ? { last: PAGE } : {}),
      onMessage: (message) => this.#arrived(message),
      snapshot: (lost) => this.#bridge(lost),
    })
    this.subscription.on('state', () => this.#moved())
  }

  /** Somebody enters the room for the first time, or comes back to it. */
  open(): void {
    this.#opened = true
    this.#fill()
  }

  /** The reader sees the end of the room, or does not. */
  look(looking: boolean): void {
    this.#looking = looking
    if (looking) this.#read()
  }

  /** The reader goes somewhere else. */
  leave(): void {
    this.#looking = false
    this.mark.turned()
  }

  /** Another tab of ours may have read it. */
  sync(): void {
    const [there, here] = [this.#options.bookmarks.get(this.name), this.subscription.position]
    if (there === null || here === null || there.epoch !== here.epoch || there.offset < here.offset) return
    this.mark.seen()
    this.#options.onchange()
  }

  /** Brings one page of what is older. */
  async older(): Promise<void> {
    const { start } = this.timeline
    if (this.#loading || start === null || this.timeline.complete) return
    this.#loading = true
    try {
      const page = await this.#options.channel.history({ before: start, limit: PAGE })
      for (const message of page.messages) this.#settle(message)
      this.timeline.prepend(page.messages.map(toChatMessage), page.start, page.more)
    } catch (error) {
      // The log does not know this place any more: what is older is gone. Anything else is tried again when asked.
      if (error instanceof RealtimeError && error.code === 'not-found') this.timeline.prepend([], start, false)
    } finally {
      this.#loading = false
      this.#options.onchange()
    }
  }

  /** Says something. Returns what is wrong, or null: it is on its way, whatever the connection does. */
  say(text: string, name: string): string | null {
    const key = this.#options.newKey()
    if (!this.outgoing.add(key, text, this.#options.wallClock())) {
      return 'Too many messages wait for the connection already.'
    }
    this.mark.turned()
    void this.#send(key, { text, name })
    return null
  }

  /** Shows what has waited in the outbox since before the tab was loaded again; the client sends it. */
  restore(key: string, text: string): void {
    if (this.outgoing.add(key, text, this.#options.wallClock())) this.#restored.add(key)
  }

  /** The server has answered for a restored message, but whoever was told how is gone: its copy in the log tells. */
  settled(key: string): void {
    if (!this.#restored.delete(key)) return
    this.outgoing.becomes(key, 'sent')
    setTimeout(() => {
      if (this.outgoing.get(key)?.fate !== 'sent') return
      this.outgoing.becomes(key, 'unknown')
      this.#options.onchange()
    }, COPY_WITHIN)
  }

  /** Its writer wants it sent although it may be there already. */
  resend(key: string, name: string): void {
    const message = this.discard(key)
    if (message !== null) this.say(message, name)
  }

  /** Takes back what was refused, or what has an unknown fate; returns its text. */
  discard(key: string): string | null {
    const message = this.outgoing.take(key)
    this.#options.onchange()
    return message?.text ?? null
  }

  close(): void {
    void this.subscription.unsubscribe()
  }

  async #send(key: string, said: Said): Promise<void> {
    try {
      await this.#options.channel.publish(said, { key })
      this.outgoing.becomes(key, 'sent')
    } catch (error) {
      const fate = error instanceof UnknownOutcomeError ? 'unknown' : 'refused'
      this.outgoing.becomes(key, fate, error instanceof Error ? error.message : '')
    }
    this.#options.onchange()
  }

  #arrived(message: Message<Said>): void {
    if (this.subscription.state !== 'live') this.account.caughtUp += 1
    this.#add(message)
    this.#options.onsaid(message.from?.user ?? '')
    this.#options.onchange()
  }

  #add(message: Message<Said>): void {
    const key = this.#settle(message)
    if (!this.timeline.add(toChatMessage(message), key)) return
    const looks = this.#looking && this.#entered
    if (!looks && message.from?.user !== this.#options.you()) this.mark.missed(key)
    if (looks) this.#read(message.position)
  }

  /** If this is the copy of what this tab said, it takes its place. Returns the key of its row. */
  #settle({ from, key, id }: Message<Said>): string {
    // Keys are seen by everybody: one of somebody else means nothing.
    const sent = key !== undefined && from?.user === this.#options.you() ? this.outgoing.take(key) : null
    return sent === null ? id : ownKey(sent.key)
  }

  #read(position: Position | null = this.subscription.position): void {
    if (!this.#entered) return
    this.mark.seen()
    // Only news: another tab may be further, and we would not know before we are connected again.
    if (position === null || position.id === this.#readTo) return
    this.#readTo = position.id
    this.#options.bookmarks.set(this.name, position)
  }

  #moved(): void {
    const { state, position } = this.subscription
    const answered = state === 'catching-up' || state === 'live'
    if (answered && position !== null && this.timeline.start === null) {
      this.timeline.begin(position)
      // Nobody has read this room in this browser: its end is where they came in.
      if (!this.#options.fresh) this.#options.bookmarks.set(this.name, position)
    }
    if (state === 'live') {
      // What was caught up is drawn first: only then can be said what the reader sees of it.
      if (!this.#entered) this.#looking = false
      this.#entered = true
      this.#fill()
    }
    this.#options.onchange()
  }

  /** A room that is open shows at least a page, if there is one. */
  #fill(): void {
    if (this.#opened && this.timeline.items.length < PAGE) void this.older()
  }

  /** The log cannot prove that nothing is missing: says what is, and goes on behind the newest page. */
  async #bridge(lost: Lost): Promise<Position> {
    const page = await this.#options.channel.history({ limit: PAGE })
    const above = this.timeline.items.some(({ kind }) => kind === 'message')
    const loss = explainLoss(lost, page.start, above)
    this.outgoing.forgetSent()
    if (loss !== '') {
      this.account.losses += 1
      this.timeline.note(loss)
    }
    if (!above) this.timeline.begin(page.start)
    for (const message of page.messages) this.#add(message)
    return page.end
  }
}

function toChatMessage(message: Message<Said>): ChatMessage {
  const { id, position, at, data, from } = message
  if (position === null) throw new TypeError('a room has a log')
  return { id, position, user: from?.user ?? '', name: data.name, text: data.text, at }
}
