/**
 * Named tests of compressed exchanges, for a server and for a client.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BITS, manyMessages, parameterPairs, sizedMessages, windowMessages } from '../cases/own-compression.ts'
import type { ClientTarget } from './client.ts'
import { type Agreed, type Exchange, exchangeWithClient, exchangeWithServer, readAgreed } from './compression.ts'
import { Watch } from './general.ts'
import type { ServerTarget } from './server.ts'

/** How much to run: all pairs and sizes take a minute. */
export type Extent = 'quick' | 'all'

/** A server under test; made to prefer the given parameters. */
export type StartServer = (prefer: Agreed) => Promise<ServerTarget>

const ANYTHING: Agreed = { serverNoTakeover: false, clientNoTakeover: false, serverBits: 15, clientBits: 15 }
const WINDOWS: Exchange = { messages: windowMessages(), checkReach: true }
const EXCHANGES: readonly (readonly [string, Exchange, Extent])[] = [
  ['every size from 0 B to 1 MiB, one after another', { messages: sizedMessages(), stepwise: true }, 'quick'],
  ['every size from 0 B to 1 MiB, in 7 fragments', { messages: sizedMessages(), fragments: 7 }, 'all'],
  ['1,000 messages in a row', { messages: manyMessages(1000, 2000, 1) }, 'quick'],
  [
    '1,000 messages in a row, every third uncompressed',
    { messages: manyMessages(1000, 2000, 2), mixed: true },
    'quick',
  ],
  ['1,000 messages in 3 fragments each', { messages: manyMessages(1000, 2000, 3), fragments: 3 }, 'quick'],
  [
    '1,000 messages, each after the echo of the last',
    { messages: manyMessages(1000, 20_000, 4), stepwise: true },
    'all',
  ],
  ['300 messages, their reach checked', { messages: manyMessages(300, 400, 5), checkReach: true }, 'quick'],
]

const asText = (agreed: Agreed): string =>
  [
    'permessage-deflate',
    ...(agreed.serverNoTakeover ? ['server_no_context_takeover'] : []),
    ...(agreed.clientNoTakeover ? ['client_no_context_takeover'] : []),
    ...(agreed.serverBits < 15 ? [`server_max_window_bits=${agreed.serverBits}`] : []),
    ...(agreed.clientBits < 15 ? [`client_max_window_bits=${agreed.clientBits}`] : []),
  ].join('; ')

/** What RFC 7692 §7.1 lets a server answer to an offer: null when it is fine. */
function wrongAnswer(offer: string, agreed: Agreed): string | null {
  const offered = /server_max_window_bits=(\d+)/.exec(offer)?.[1]
  if (offered !== undefined && agreed.serverBits > Number(offered)) return 'a larger server window than offered'
  if (offer.includes('server_no_context_takeover') && !agreed.serverNoTakeover)
    return 'ignored server_no_context_takeover'
  if (!offer.includes('client_max_window_bits') && agreed.clientBits < 15)
    return 'limits a client window that was not offered'
  const client = /client_max_window_bits=(\d+)/.exec(offer)?.[1]
  if (client !== undefined && agreed.clientBits > Number(client)) return 'a larger client window than offered'
  return null
}

const TAKEOVERS: readonly (readonly [string, Agreed])[] = [
  ['with takeover', ANYTHING],
  ['without takeover', { ...ANYTHING, serverNoTakeover: true, clientNoTakeover: true }],
]

function windowPairs(extent: Extent): readonly (readonly [number, number])[] {
  if (extent === 'all') return BITS.flatMap((server) => BITS.map((client) => [server, client] as const))
  return BITS.map((bits, i) => [bits, BITS[(i * 3 + 7) % 8] ?? 15] as const)
}

/** Tests of a server: exchanges, its own preferences, and all offers. */
export function compressionServerSuite(title: string, start: StartServer, extent: Extent): void {
  describe(title, () => {
    let watch: Watch
    let target: ServerTarget
    before(async () => {
      watch = new Watch()
      target = await start(ANYTHING)
    })
    after(async () => {
      await target.stop()
      await watch.done()
    })
    describe('exchanges', { concurrency: 4 }, () => {
      for (const [takeover, wanted] of TAKEOVERS) {
        for (const [what, exchange, when] of EXCHANGES) {
          if (extent === 'quick' && when === 'all') continue
          test(`a server echoes ${what}, ${takeover} (RFC 7692 §7.2)`, async () => {
            const agreed = await exchangeWithServer(target, asText(wanted), exchange)
            assert.equal(agreed?.serverNoTakeover, wanted.serverNoTakeover)
          })
        }
      }
    })
    describe('offers', { concurrency: 8 }, () => {
      const offers = parameterPairs(true)
      for (const offer of extent === 'all' ? offers : offers.filter((_, i) => i % 13 === 0)) {
        test(`a server keeps to the offer ${offer} (RFC 7692 §7.1)`, async () => {
          const agreed = await exchangeWithServer(target, offer, WINDOWS)
          assert.ok(agreed !== null, 'declined')
          assert.equal(wrongAnswer(offer, agreed), null)
        })
      }
    })
    describe('preferences', { concurrency: 4 }, () => {
      for (const [serverBits, clientBits] of windowPairs(extent)) {
        for (const [takeover, base] of TAKEOVERS) {
          test(`a server that wants windows of ${serverBits} and ${clientBits} bits ${takeover} gets them (RFC 7692 §7.1.2)`, async () => {
            const own = await start({ ...base, serverBits, clientBits })
            const agreed = await exchangeWithServer(own, 'permessage-deflate; client_max_window_bits', WINDOWS)
            await own.stop()
            assert.deepEqual(agreed, { ...base, serverBits, clientBits })
          })
        }
      }
    })
  })
}

/** Tests of a client: exchanges, and all answers to its offer. */
export function compressionClientSuite(title: string, target: ClientTarget, extent: Extent): void {
  describe(title, () => {
    let watch: Watch
    before(() => {
      watch = new Watch()
    })
    after(() => watch.done())
    describe('exchanges', { concurrency: 4 }, () => {
      for (const [takeover, wanted] of TAKEOVERS) {
        for (const [what, exchange, when] of EXCHANGES) {
          if (extent === 'quick' && when === 'all') continue
          test(`a client echoes ${what}, ${takeover} (RFC 7692 §7.2)`, async () => {
            await exchangeWithClient(target, true, asText(wanted), exchange)
          })
        }
      }
    })
    describe('answers', { concurrency: 8 }, () => {
      const answers = parameterPairs(false)
      for (const answer of extent === 'all' ? answers : answers.filter((_, i) => i % 13 === 0)) {
        test(`a client keeps to the answer ${answer} (RFC 7692 §7.1)`, async () => {
          await exchangeWithClient(target, { clientMaxWindowBits: true }, answer, WINDOWS)
        })
      }
    })
    describe('offers', { concurrency: 8 }, () => {
      for (const [serverMaxWindowBits, clientMaxWindowBits] of windowPairs(extent)) {
        test(`a client offers windows of ${serverMaxWindowBits} and ${clientMaxWindowBits} bits as told (RFC 7692 §7.1.2)`, async () => {
          // A server_max_window_bits in the offer must be in the answer too, 15 included (RFC 7692 §7.1.2.1).
          const answer = `permessage-deflate; server_max_window_bits=${serverMaxWindowBits}; client_max_window_bits=${clientMaxWindowBits}`
          const offer = await exchangeWithClient(target, { serverMaxWindowBits, clientMaxWindowBits }, answer, WINDOWS)
          assert.deepEqual(readAgreed(offer), {
            ...ANYTHING,
            serverBits: serverMaxWindowBits,
            clientBits: clientMaxWindowBits,
          })
        })
      }
    })
  })
}
