// Publishes to Centrifugo through its client protocol: one JSON command a frame.

import { connect } from '@tautline/websocket'
import { pace, port } from './pace.ts'

const socket = await connect(`ws://127.0.0.1:${port}/connection/websocket`)
let id = 1
let isConnected = false
socket.onmessage = (data) => {
  // An empty command is a ping, and is answered with the same.
  if (data === '{}') socket.send('{}')
  else if (!isConnected) {
    isConnected = true
    void pace((message) => socket.send(JSON.stringify({ id: ++id, publish: { channel: 'bench', data: message } })))
  }
}
socket.send(JSON.stringify({ id, connect: {} }))
