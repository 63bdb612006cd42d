// The page's memory and its rules: what each message of the server means, what is sent when, what is drawn.
// It opens nothing by itself: main.ts gives it the browser.
import type { ClientMessage, Person, ServerMessage } from '../shared/messages.ts'
import { browserClock } from './clock.ts'
import { Composer } from './composer.ts'
import { Connection, type Status } from './connection.ts'
import { byId } from './dom.ts'
import { type Identity, suggestName } from './identity.ts'
import { MessageList } from './message-list.ts'
import { NameDialog } from './name-dialog.ts'
import { Outbox, type TextStorage } from './outbox.ts'
import { PeoplePanel } from './people-panel.ts'
import { rowsOf } from './rows.ts'
import { StatusPill } from './status-pill.ts'
import { Timeline } from './timeline.ts'
import { Typing } from './typing.ts'

const TITLE = document.title

export interface ChatPageOptions {
  readonly identity: Identity
  readonly storage: TextStorage | null
  readonly newId: () => string
  readonly open: () => WebSocket
}

export class ChatPage {
  readonly connection: Connection
  readonly #identity: Identity
  readonly #timeline: Timeline
  readonly #outbox: Outbox
  readonly #people: Map<string, Person>
  readonly #list: MessageList
  readonly #panel: PeoplePanel
  readonly #pill: StatusPill
  readonly #typing: Typing
  readonly #composer: Composer
  readonly #names: NameDialog
  #you: string
  #unread: number
  /** The clock's time until which the server asked us to send nothing. */
  #holdUntil: number

  constructor(options: ChatPageOptions) {
    this.#identity = options.identity
    this.#timeline = new Timeline()
    this.#outbox = new Outbox(options.storage, options.newId)
    this.#people = new Map()
    this.#you = ''
    this.#unread = 0
    this.#holdUntil = 0
    this.connection = new Connection({
      open: options.open,
      clock: browserClock,
      random: Math.random,
      hello: () => this.#hello(),
      onmessage: (message) => this.#receive(message),
      onstatus: (status) => this.#changed(status),
    })
    this.#list = new MessageList()
    this.#panel = new PeoplePanel()
    this.#pill = new StatusPill(this.connection, browserClock.now)
    this.#typing = new Typing()
    this.#composer = new Composer({ onsubmit: (text) => this.#say(text), ontyping: () => this.#type() })
    this.#names = new NameDialog((name) => this.#rename(name))
    byId('rename', HTMLButtonElement).addEventListener('click', () => this.#names.open(this.#identity.name, false))
  }

  /** Asks for a name where there is none, then connects. */
  begin(): void {
    this.draw()
    if (this.#identity.name === '') this.#names.open(suggestName(Math.random), true)
    else this.#enter()
  }

  /** What changes by the clock alone: the countdown, who is writing. */
  tick(): void {
    this.#pill.render()
    this.#typing.render(this.#people, browserClock.now())
  }

  /** The reader is back. */
  seen(): void {
    this.#unread = 0
    document.title = TITLE
  }

  draw(): void {
    const { status } = this.connection
    const rows = rowsOf({
      items: this.#timeline.items,
      waiting: this.#outbox.waiting,
      you: this.#you,
      yourName: this.#identity.name,
      now: Date.now(),
    })
    this.#list.render(rows, this.#timeline.position !== null)
    this.#panel.render([...this.#people.values()], this.#you, status.state !== 'connected')
    this.tick()
  }

  #enter(): void {
    this.connection.start()
    this.#composer.focus()
  }

  #hello(): ClientMessage {
    const known = this.#timeline.position
    const hello = { type: 'hello', key: this.#identity.key, name: this.#identity.name } as const
    return known === null ? hello : { ...hello, known }
  }

  #changed(status: Status): void {
    if (status.state === 'connected') this.#flush()
    else {
      this.#outbox.connectionLost()
      this.#typing.clear()
    }
    this.draw()
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#you = message.you
        this.#people.clear()
        for (const person of message.people) this.#people.set(person.id, person)
        for (const { user, id } of message.messages) if (user === message.you) this.#outbox.settle(id)
        this.#arrived(this.#timeline.welcome(message.epoch, message.messages))
        break
      case 'message':
        if (message.message.user === this.#you) this.#outbox.settle(message.message.id)
        this.#typing.stopped(message.message.user)
        this.#arrived(this.#timeline.add(message.message) && message.message.user !== this.#you ? 1 : 0)
        this.#flush()
        break
      case 'person':
        this.#people.set(message.person.id, message.person)
        // Another tab of ours took another name, and it has told the storage that we share.
        if (message.person.id === this.#you) this.#identity.rename(message.person.name)
        break
      case 'left':
        this.#people.delete(message.id)
        break
      case 'typing':
        this.#typing.started(message.id, browserClock.now())
        break
      case 'refused':
        this.#refused(message)
        break
      case 'pong':
        break
    }
    this.draw()
  }

  #refused(message: Extract<ServerMessage, { type: 'refused' }>): void {
    if (message.reason === 'invalid') {
      if (message.id !== undefined && this.#outbox.settle(message.id)) {
        this.#composer.notice('The server did not accept this message.')
      }
      return
    }
    if (message.id === undefined) return
    this.#outbox.postpone(message.id)
    this.#holdUntil = Math.max(this.#holdUntil, browserClock.now() + message.retryAfter)
    browserClock.setTimeout(() => this.#flush(), message.retryAfter + 20)
  }

  /** Sends what waits, as far as the outbox's window and the server's wishes allow. */
  #flush(): void {
    if (this.connection.status.state !== 'connected' || browserClock.now() < this.#holdUntil) return
    for (let next = this.#outbox.next(); next !== null; next = this.#outbox.next()) {
      this.connection.send({ type: 'say', id: next.id, text: next.text })
    }
  }

  #say(text: string): string | null {
    if (this.#outbox.add(text, Date.now()) === null) return 'Too many messages wait for the connection already.'
    this.#typing.said()
    this.#list.toEnd()
    this.#flush()
    this.draw()
    return null
  }

  #type(): void {
    if (this.#typing.shouldSay(browserClock.now())) this.connection.send({ type: 'typing' })
  }

  #rename(name: string): void {
    this.#identity.rename(name)
    this.connection.send({ type: 'rename', name })
    this.#enter()
    this.draw()
  }

  #arrived(count: number): void {
    if (count === 0 || document.visibilityState === 'visible') return
    this.#unread += count
    document.title = `(${this.#unread}) ${TITLE}`
  }
}
