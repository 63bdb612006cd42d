// The hot paths that have a budget.

import { jsonCodec } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Path } from './path.ts'
import { broadcast } from './paths/broadcast.ts'
import { echo } from './paths/echo.ts'
import { handshake } from './paths/handshake.ts'
import { engine, idle } from './paths/idle.ts'
import { realtime, sessions } from './paths/realtime.ts'

const SMALL = Buffer.alloc(125, 'x')
const JSON_KIB = Buffer.from(
  JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, symbol: `SYM${id}`, price: 100 + id }))).slice(0, 1024),
)
/** As a ticker sends it; each has other digits. */
const QUOTE = Buffer.from(
  JSON.stringify({ ev: 'quote', symbol: 'TAUT', bid: 104_211, ask: 104_229, volume: 3_250_118, at: 1_790_000_000_000 }),
)
let dice = 1

function nextQuote(payload: Buffer): void {
  for (let i = 0; i < payload.length; i++) {
    const byte = payload[i] as number
    if (byte < 0x30 || byte > 0x39) continue
    dice = (Math.imul(dice, 1_103_515_245) + 12_345) & 0x7fff_ffff
    // One digit in four, as prices do.
    if ((dice & 0x30_0000) === 0) payload[i] = 0x30 + ((dice >>> 16) % 10)
  }
}

const RECEIVERS = 16

export const PATHS: readonly Path[] = [
  echo('echo 125 B, 1 in flight', 125, 1, 1_000),
  echo('echo 125 B, 32 in flight', 125, 32, 200),
  echo('echo 16 KiB', 16 * 1024, 1, 200),
  echo('echo 1 MiB', 1024 * 1024, 1, 8),
  broadcast({ name: 'broadcast', receivers: RECEIVERS, burst: 1, payload: SMALL, turns: 200 }),
  broadcast({ name: 'broadcast, bursts of 16', receivers: RECEIVERS, burst: 16, payload: SMALL, turns: 100 }),
  broadcast({
    name: 'compressed broadcast',
    receivers: RECEIVERS,
    burst: 1,
    payload: JSON_KIB,
    compress: true,
    turns: 100,
  }),
  broadcast({
    name: 'ticker, shared takeover',
    receivers: RECEIVERS,
    burst: 1,
    payload: QUOTE,
    vary: nextQuote,
    compress: 'shared',
    turns: 200,
  }),
  handshake('handshake', 100),
  idle('idle connection', engine),
  idle('idle session', () => sessions(jsonCodec)),
  realtime({ name: 'publish command', codec: jsonCodec, receivers: 0, turns: 200 }),
  realtime({ name: 'publish to subscribers', codec: jsonCodec, receivers: RECEIVERS, turns: 100 }),
  realtime({
    name: 'publish to subscribers, MessagePack',
    codec: msgpackCodec,
    receivers: RECEIVERS,
    turns: 100,
  }),
  realtime({
    name: 'publish to subscribers, shared takeover',
    codec: jsonCodec,
    receivers: RECEIVERS,
    compress: true,
    turns: 100,
  }),
]
