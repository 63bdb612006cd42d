/** Section H against our engine attached to a `node:http` server: what Node's parser decides first is listed. */
import { FRAME_CASES } from '../cases/frames.ts'
import { HANDSHAKE_CASES } from '../cases/handshake.ts'
import { attachedServer } from '../run/attached.ts'
import { ATTACHED_DEVIATIONS } from '../run/attached-deviations.ts'
import { serverSuite } from '../run/suite.ts'

serverSuite('tautline attached, opening handshake', attachedServer, HANDSHAKE_CASES, {
  deviations: ATTACHED_DEVIATIONS,
})

/** Behind the handshake it is the same machine: a sample of the frames shows that the takeover loses and adds no byte. */
const SAMPLE = new Set(['F001', 'F017', 'F023', 'F029', 'F054', 'F070', 'F075', 'F094', 'F108', 'F115', 'F119', 'F122'])
serverSuite(
  'tautline attached, frames',
  attachedServer,
  FRAME_CASES.filter(({ id }) => SAMPLE.has(id)),
)
