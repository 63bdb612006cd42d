// Publishes with @tautline/client.

import { Client } from '@tautline/client'
import { pace, port } from './pace.ts'

const client = new Client(`ws://127.0.0.1:${port}/realtime`)
const channel = client.channel('bench')
client.connect()
const forget = client.on('state', ({ state }) => {
  if (state !== 'connected') return
  forget()
  void pace((message) => void channel.publish({ ...message }))
})
