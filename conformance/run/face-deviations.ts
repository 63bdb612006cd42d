/**
 * Where `@tautline/ws` answers as `ws` does and not as the catalogue requires of the engine. Each is checked.
 * A program written for `ws` relies on these; the engine's own server has none of them.
 */
import type { Deviation, Deviations } from './suite.ts'

const refuses: Deviation = { seen: 'HTTP:400', reason: 'as ws: an offer that cannot be used is refused, not declined' }
const kept: Deviation = {
  seen: 'HTTP:426 left open',
  reason: 'as ws: node:http answers what asks for no upgrade, and keeps the connection alive',
}

export const FACE_DEVIATIONS: Deviations = {
  H007: { seen: 'HTTP:426', reason: 'Node’s parser takes HTTP/0.9 for a plain request' },
  H010: { seen: '101', reason: 'Node’s parser swallows the second space' },
  H039: kept,
  H042: kept,
  H044: kept,
  H045: kept,
  H056: { seen: 'HTTP:400', reason: 'as ws answers versions it does not speak: 400 with Sec-WebSocket-Version' },
  H079: refuses,
  H080: refuses,
  H081: refuses,
  H082: refuses,
  H083: refuses,
  H084: refuses,
  H085: refuses,
  H086: refuses,
  H087: refuses,
  H088: refuses,
  H089: refuses,
  H090: refuses,
}
