/** The catalogue (bad-input.md, sections H, F and C) against our engine: every case, in every way of delivery. */
import { CLIENT_CASES } from '../cases/client.ts'
import { FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { tautlineClient, tautlineServer } from '../run/tautline.ts'

serverSuite('tautline server, opening handshake', () => tautlineServer(), HANDSHAKE_CASES)
serverSuite('tautline server, frames', () => tautlineServer(), FRAME_CASES)
clientSuite('tautline client', tautlineClient, CLIENT_CASES)
