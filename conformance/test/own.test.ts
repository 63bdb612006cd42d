/** Our own case lists against our engine, server and client. */
import type { OwnCase } from '../cases/own.ts'
import { asClientCase, asServerCase } from '../cases/own.ts'
import { CLOSE_CASES } from '../cases/own-close.ts'
import { BURST_CASES, FRAGMENT_CASES, LENGTH_CASES, PING_CASES } from '../cases/own-messages.ts'
import { UTF8_CASES } from '../cases/own-utf8.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { tautlineClient, tautlineServer } from '../run/tautline.ts'

const LISTS: readonly (readonly [string, readonly OwnCase[]])[] = [
  ['lengths', LENGTH_CASES],
  ['fragmentation', FRAGMENT_CASES],
  ['pings', [...PING_CASES, ...BURST_CASES]],
  ['UTF-8', UTF8_CASES],
  ['closing', CLOSE_CASES],
]

for (const [name, cases] of LISTS) {
  serverSuite(`tautline server, ${name}`, () => tautlineServer(), cases.map(asServerCase))
  clientSuite(
    `tautline client, ${name}`,
    tautlineClient,
    cases.map((one) => asClientCase(one)),
  )
}
