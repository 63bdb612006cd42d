/** Proves our own lists: run against `ws`, whose differences are known. */
import { asClientCase, asServerCase, type OwnCase } from '../cases/own.ts'
import { CLOSE_CASES } from '../cases/own-close.ts'
import { BURST_CASES, FRAGMENT_CASES, LENGTH_CASES, PING_CASES } from '../cases/own-messages.ts'
import { UTF8_CASES } from '../cases/own-utf8.ts'
import { compressionClientSuite, compressionServerSuite } from '../run/compression-suite.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { WS, wsClient, wsPreferring, wsServer } from '../run/ws.ts'

// `ws` looks at UTF-8 when a message is complete: what never is, it waits for. F094 has one such case in the reference run.
const waits = (one: OwnCase): boolean => /^U\d\d[NP]$/.test(one.id)
const cases = [...LENGTH_CASES, ...FRAGMENT_CASES, ...PING_CASES, ...BURST_CASES, ...UTF8_CASES, ...CLOSE_CASES].filter(
  (one) => !waits(one),
)
const reason = 'ws ends the connection at 60 pending pongs; not when the pings come one by one'
const server = { 'S-P07': { seen: ['101 EOF', '101 RST', '101 ECHO'], reason } }
const client = { 'C-P07': { seen: ['OPEN EOF !no error event', 'OPEN RST !no error event', 'OPEN ECHO'], reason } }
serverSuite('ws 8.23.0, own lists', () => wsServer(WS), cases.map(asServerCase), { deviations: server })
clientSuite(
  'ws 8.23.0, own lists',
  wsClient(WS),
  cases.map((one) => asClientCase(one)),
  { deviations: client },
)
compressionServerSuite('ws 8.23.0, compression', (prefer) => wsPreferring(WS, prefer), 'quick')
compressionClientSuite('ws 8.23.0, compression', wsClient(WS), 'quick')
