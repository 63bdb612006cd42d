/** Proves the cases themselves: the catalogue run against `ws`, whose differences are known and still there. */
import { CLIENT_CASES } from '../cases/client.ts'
import { FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { WS, wsClient, wsServer } from '../run/ws.ts'
import { WS_DEVIATIONS } from '../run/ws-deviations.ts'

const options = { deviations: WS_DEVIATIONS }
serverSuite('ws 8.23.0, opening handshake', () => wsServer(WS), HANDSHAKE_CASES, options)
serverSuite('ws 8.23.0, frames', () => wsServer(WS), FRAME_CASES, options)
clientSuite('ws 8.23.0, client', wsClient(WS), CLIENT_CASES, options)
