// Puts the model on the page: draws what changed, hands on what people do. It knows nothing of channels.
import { cleanName } from '../shared/messages.ts'
import { AskDialog } from './ask-dialog.ts'
import type { Chat } from './chat.ts'
import { Composer } from './composer.ts'
import { avatar, byId, setText } from './dom.ts'
import { Drawer } from './drawer.ts'
import { type Identity, suggestName } from './identity.ts'
import { MessageList } from './message-list.ts'
import { PeoplePanel } from './people-panel.ts'
import { RoomsPanel } from './rooms-panel.ts'
import { pathOf } from './route.ts'
import { rowsOf } from './rows.ts'
import { renderFacts, Status } from './status.ts'
import type { Remembered } from './storage.ts'

const TITLE = document.title
/** Milliseconds between two drawings: what a catch-up brings in many pieces is drawn in few. */
const FRAME = 16

export interface ChatPageOptions {
  readonly chat: Chat
  readonly identity: Identity
  readonly drafts: Remembered
}

export class ChatPage {
  readonly #chat: Chat
  readonly #identity: Identity
  readonly #list: MessageList
  readonly #rooms: RoomsPanel
  readonly #people: PeoplePanel
  readonly #status: Status
  readonly #composer: Composer
  readonly #askName: AskDialog
  readonly #askRoom: AskDialog
  readonly #roomsDrawer: Drawer
  #drawIsDue: boolean

  constructor({ chat, identity, drafts }: ChatPageOptions) {
    this.#chat = chat
    this.#identity = identity
    this.#drawIsDue = false
    this.#list = new MessageList({
      onbeginning: () => void chat.room?.older(),
      onmoved: () => this.#looked(),
      onresend: (key) => chat.room?.resend(key, identity.name),
      ondiscard: (key) => chat.room?.discard(key),
      onedit: (key) => this.#composer.giveBack(chat.room?.discard(key) ?? ''),
    })
    this.#rooms = new RoomsPanel({
      onopen: (room) => this.go(room),
      onnew: () => this.#askRoom.open('', false, 'Create the room'),
    })
    this.#people = new PeoplePanel()
    this.#status = new Status(
      () => performance.now(),
      () => chat.client.connect(),
    )
    this.#composer = new Composer({ drafts, onsubmit: (text) => this.#say(text), ontyping: () => chat.here.type() })
    this.#askName = new AskDialog({ id: 'name', onanswer: (text) => this.#rename(text) })
    this.#askRoom = new AskDialog({ id: 'room', onanswer: (text) => this.#create(text) })
    this.#roomsDrawer = new Drawer('rooms')
    new Drawer('people')
    byId('rename', HTMLButtonElement).addEventListener('click', () => this.#askName.open(identity.name, false, 'Save'))
  }

  /** Asks for a name where there is none, then connects. */
  begin(room: string): void {
    this.#chat.open(room)
    this.draw()
    if (this.#identity.name === '') this.#askName.open(suggestName(Math.random), true, 'Join the chat')
    else this.#enter()
  }

  /** Goes to a room, as a link does. */
  go(room: string): void {
    if (location.pathname !== pathOf(room)) history.pushState(null, '', pathOf(room))
    this.show(room)
  }

  /** Shows a room whose address is there already. */
  show(room: string): void {
    this.#chat.open(room)
    this.#roomsDrawer.close()
    // A phone would bring up its keyboard.
    if (matchMedia('(pointer: fine)').matches) this.#composer.focus()
  }

  /** Draws soon, and once for everything that happens until then. A timer, for hidden pages have no frames. */
  changed(): void {
    if (this.#drawIsDue) return
    this.#drawIsDue = true
    setTimeout(() => {
      this.#drawIsDue = false
      this.draw()
    }, FRAME)
  }

  /** What changes by the clock alone: the countdown, who is writing. */
  tick(): void {
    const chat = this.#chat
    this.#status.render(chat.words)
    setText(byId('typing', HTMLParagraphElement), chat.here.typing.sentence(chat.here.people, performance.now()))
  }

  /** The page was hidden: what comes from now on is new. */
  left(): void {
    this.#chat.room?.leave()
    this.changed()
  }

  draw(): void {
    const chat = this.#chat
    const { room } = chat
    this.#list.render({
      room: room?.name ?? '',
      rows: room === undefined ? [] : rowsOf({ ...this.#contentOf(room), now: Date.now() }),
      unread: room?.mark.unread ?? 0,
    })
    this.#look()
    this.#drawFrame()
    this.#rooms.render(chat.rooms.values(), room?.name ?? '', chat.unreadElsewhere)
    this.#people.render(chat.here.people, chat.you, chat.client.state !== 'connected')
    renderFacts(room, chat.connections)
    const unread = chat.unreadElsewhere + (room?.mark.unread ?? 0)
    document.title = `${unread === 0 ? '' : `(${unread}) `}${room === undefined ? '' : `${room.title} · `}${TITLE}`
    this.tick()
  }

  /** What the reader sees now has been read. */
  #look(): void {
    this.#chat.room?.look(this.#list.atEnd && document.visibilityState === 'visible')
  }

  #looked(): void {
    this.#look()
    this.changed()
  }

  #contentOf(room: NonNullable<Chat['room']>): Omit<Parameters<typeof rowsOf>[0], 'now'> {
    return {
      items: room.timeline.items,
      outgoing: room.outgoing.messages,
      line: room.mark.line,
      you: this.#chat.you,
      yourName: this.#identity.name,
    }
  }

  /** What stands around the messages. */
  #drawFrame(): void {
    const { room, isUnknown } = this.#chat
    const said = room !== undefined && room.timeline.items.length + room.outgoing.messages.length > 0
    setText(byId('room-title', HTMLHeadingElement), room?.title ?? '')
    byId('unknown', HTMLDivElement).hidden = !isUnknown
    byId('empty', HTMLDivElement).hidden = said || room === undefined || !room.timeline.complete
    const begin = byId('begin', HTMLParagraphElement)
    begin.hidden = !said
    setText(begin, room?.timeline.complete ? `This is the beginning of ${room.title}.` : 'Older messages …')
    this.#composer.hide(isUnknown)
    if (room !== undefined) this.#composer.show(room.name, room.title)
    const { name } = this.#identity
    byId('rename', HTMLButtonElement).hidden = name === ''
    setText(byId('me-name', HTMLSpanElement), name)
    const { you } = this.#chat
    const me = byId('me-avatar', HTMLSpanElement)
    if (me.dataset['of'] === `${you} ${name}`) return
    me.dataset['of'] = `${you} ${name}`
    me.replaceChildren(avatar(you, name))
  }

  #enter(): void {
    this.#chat.start()
    this.#composer.focus()
  }

  #say(text: string): string | null {
    const problem = this.#chat.room?.say(text, this.#identity.name) ?? null
    if (problem === null) {
      this.#chat.here.typing.said()
      this.#list.toEnd()
    }
    this.changed()
    return problem
  }

  async #rename(text: string): Promise<string | null> {
    const name = cleanName(text)
    if (name === '') return 'Please write a name.'
    const first = this.#identity.name === ''
    this.#identity.rename(name)
    if (first) this.#enter()
    else this.#chat.renamed()
    return null
  }

  async #create(text: string): Promise<string | null> {
    const title = cleanName(text)
    if (title === '') return 'Please write a name.'
    try {
      this.go(await this.#chat.create(title))
      return null
    } catch (error) {
      return `The room was not made: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
