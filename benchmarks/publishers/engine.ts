// Publishes to the engine's bare broadcast what the realtime server would deliver, byte for byte as long: the yardstick.

import { connect } from '@tautline/websocket'
import { type Message, pace, port } from './pace.ts'

const socket = await connect(`ws://127.0.0.1:${port}/pub`)

function frameOf(message: Message): string {
  const { n } = message
  const at = Math.floor(message.at)
  const from = { peer: 'Zk3pW0v1QeXbYt8a' }
  const envelope = { ev: 'pub', ch: 'bench', off: n % 1000, id: 'Jt0xqAQm1zY.6', at, key: 'mZ4X1n0kQ2aTbLw7', from }
  return JSON.stringify({ ...envelope, data: message })
}

await pace((message) => socket.send(frameOf(message)))
