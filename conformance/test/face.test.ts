/** The catalogue against `@tautline/ws`, used as programs use `ws`. */
import { CLIENT_CASES } from '../cases/client.ts'
import { FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { FACE_DEVIATIONS } from '../run/face-deviations.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { FACE, wsClient, wsServer } from '../run/ws.ts'

const options = { deviations: FACE_DEVIATIONS }
serverSuite('@tautline/ws server, opening handshake', () => wsServer(FACE), HANDSHAKE_CASES, options)
serverSuite('@tautline/ws server, frames', () => wsServer(FACE), FRAME_CASES, options)
clientSuite('@tautline/ws client', wsClient(FACE), CLIENT_CASES, options)
