/** Proves the cases: the catalogue run against `ws`, whose differences are known. */
import { CLIENT_CASES } from '../cases/client.ts'
import { FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { wsClient, wsServer } from '../run/ws.ts'

serverSuite('ws 8.23.0, opening handshake', () => wsServer(), HANDSHAKE_CASES)
serverSuite('ws 8.23.0, frames', () => wsServer(), FRAME_CASES)
clientSuite('ws 8.23.0, client', wsClient, CLIENT_CASES)
