// Publishes with socket.io-client, through an event that the server passes on to the room.

import { io } from 'socket.io-client'
import { pace, port } from './pace.ts'

const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], query: { publisher: '1' } })
socket.once('connect', () => void pace((message) => socket.emit('pub', message)))
