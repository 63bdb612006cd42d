// What `require('ws')` carries on the class. Set here once, so that the classes need not import one another.

import * as extension from './extension.ts'
import { Receiver, Sender } from './not-provided.ts'
import { PerMessageDeflate } from './per-message-deflate.ts'
import { createWebSocketStream } from './stream.ts'
import * as subprotocol from './subprotocol.ts'
import { WebSocket } from './websocket.ts'
import { WebSocketServer } from './websocket-server.ts'

Object.assign(WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol,
  WebSocket,
  WebSocketServer,
})

export { WebSocket }
