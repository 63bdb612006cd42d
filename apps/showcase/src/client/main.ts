// Gives the chat the browser: the address of the server, the storages, the clock, and the events of the page.
import { Client } from '@tautline/client'
import { Bookmarks } from './bookmarks.ts'
import { Chat } from './chat.ts'
import { ChatPage } from './chat-page.ts'
import { Identity, randomId } from './identity.ts'
import { FIRST_ROOM, roomOf } from './route.ts'
import { browserStorage, Remembered } from './storage.ts'
import { TabOutbox } from './tab-outbox.ts'

const [local, tab] = [browserStorage('localStorage'), browserStorage('sessionStorage')]
const settings = new Remembered(local, 'tautline.chat.')
const identity = new Identity(settings)
const outbox = new TabOutbox(new Remembered(tab, 'tautline.chat.outbox.'))
const client = new Client('/realtime', {
  token: () => JSON.stringify({ key: identity.key, name: identity.name }),
  outbox,
})
const chat = new Chat({
  client,
  outbox,
  bookmarks: new Bookmarks(new Remembered(local, 'tautline.chat.read.')),
  name: () => identity.name,
  newKey: () => randomId(12),
  now: () => performance.now(),
  wallClock: Date.now,
  online: () => navigator.onLine,
  onchange: () => page.changed(),
})
const page = new ChatPage({ chat, identity, drafts: new Remembered(tab, 'tautline.chat.draft.') })

page.begin(addressedRoom())
setInterval(() => page.tick(), 500)
addEventListener('popstate', () => page.show(addressedRoom()))
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') page.left()
  else page.changed()
})
// Another tab of this browser has read something, or we are called otherwise there.
addEventListener('storage', () => {
  for (const room of chat.rooms.values()) room.sync()
  page.changed()
})

function addressedRoom(): string {
  const addressed = roomOf(location.pathname)
  if (addressed !== null) settings.set('room', addressed)
  return addressed ?? settings.get('room') ?? FIRST_ROOM
}
