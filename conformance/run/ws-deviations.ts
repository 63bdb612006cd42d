/**
 * Where `ws` 8.23.0 on Node 24 differs from what the catalogue requires of us. Each is checked: it must still be so.
 * The 32 rows of the catalogue's own list (seen on Node 20) are all here; the rest says what its table does not test.
 */
import type { Deviation, Deviations } from './suite.ts'

const accepts = (reason: string): Deviation => ({ seen: '101', reason })
const lax = accepts('Node does not look at it, nor does ws')
const numeric = accepts('ws compares the number: +13, 013 and 13.0 are 13')
const refuses: Deviation = {
  seen: 'HTTP:400',
  reason: 'ws answers 400 to an offer it cannot use, where RFC 7692 declines it',
}
const kept = {
  seen: 'HTTP:426 left open',
  reason: 'ws answers these as plain HTTP requests and keeps the connection alive',
}

/** Sections H and F, then C. */
export const WS_DEVIATIONS: Deviations = {
  H002: { seen: 'HTTP:405 (no Allow: GET)', reason: 'not in the catalogue’s list: ws sends no Allow' },
  H003: { seen: 'HTTP:405 (no Allow: GET)', reason: 'not in the catalogue’s list: ws sends no Allow' },
  H006: lax,
  H007: { seen: 'HTTP:426', reason: 'Node takes it for a request; it has no upgrade' },
  H010: lax,
  H018: lax,
  H019: lax,
  H020: lax,
  H021: lax,
  H033: { seen: '101 CLOSE:1002', reason: 'the body is read as frames' },
  H034: { seen: '101 CLOSE:1002', reason: 'the body is read as frames' },
  H039: { ...kept, reason: `not in the catalogue’s list: ${kept.reason}` },
  H042: { ...kept, reason: `not in the catalogue’s list: ${kept.reason}` },
  H044: { ...kept, reason: `not in the catalogue’s list: ${kept.reason}` },
  H045: { ...kept, reason: `not in the catalogue’s list: ${kept.reason}` },
  H056: accepts('ws speaks version 8 too'),
  H060: numeric,
  H061: numeric,
  H062: numeric,
  H079: refuses,
  H080: refuses,
  H081: { seen: '101+ext', reason: 'ws reads 08 as 8' },
  H082: refuses,
  H083: refuses,
  H084: refuses,
  H085: refuses,
  H086: refuses,
  H087: refuses,
  H088: refuses,
  H089: refuses,
  H090: { seen: 'HTTP:400', reason: 'one bad offer spoils all' },
  F017: { seen: '101 ECHO', reason: 'ws does not ask for the minimal length' },
  F018: { seen: '101 ECHO', reason: 'ws does not ask for the minimal length' },
  F094: { seen: '101', reason: 'ws checks UTF-8 when the message is complete' },
  F119: {
    seen: ['101 EOF', '101 ECHO', '101 RST'],
    reason: 'ws ends the connection at 60 pending pongs; not when the pings come one by one',
  },
  C005: { seen: 'OPEN', reason: 'ws does not look at the version' },
  C025: { seen: 'OPEN', reason: 'ws reads 08 as 8' },
  C032: { seen: 'OPEN', reason: 'ws takes the first' },
  C052: {
    seen: ['OPEN EOF !no error event', 'OPEN RST !no error event', 'OPEN ECHO'],
    reason: 'the catalogue lets it pass with 60 pongs; as a control the connection must live, and ws ends it',
  },
}
