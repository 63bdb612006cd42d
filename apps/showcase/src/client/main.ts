// Gives the chat page the browser: the address of the server, the storage, and the events after which it is worth
// trying again at once.
import { ChatPage } from './chat-page.ts'
import { Identity, randomId } from './identity.ts'

const address = new URL('/chat', location.href)
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'

const page = new ChatPage({
  identity: new Identity(),
  storage: tabStorage(),
  newId: randomId,
  open: () => new WebSocket(address),
})
page.begin()

setInterval(() => page.tick(), 500)
addEventListener('online', () => page.connection.wake())
addEventListener('offline', () => page.connection.wake())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') return
  page.seen()
  page.connection.wake()
})
// A page with an open WebSocket is not kept for "back": close it, and begin again when the page is shown again.
addEventListener('pagehide', () => page.connection.stop())
addEventListener('pageshow', (event) => {
  if (event.persisted) page.connection.start()
  else page.connection.wake()
})

function tabStorage(): Storage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}
