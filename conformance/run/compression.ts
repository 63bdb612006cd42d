/**
 * Exchanges compressed messages with an engine and checks every one, in both roles and for any parameters.
 * The other side is node:zlib's persistent streams and a plain inflater, never the engine's own codec.
 */
import {
  acceptFor,
  buildFrame,
  closePayload,
  type FrameSpec,
  plainInflate,
  Random,
  RawPeer,
  RawServer,
  readHead,
  requestBytes,
  responseBytes,
  ZlibPeer,
} from '@tautline/testkit'
import type { Expected } from '../cases/case.ts'
import type { ClientOffer, ClientTarget } from './client.ts'
import { Dialogue } from './dialogue.ts'
import type { ServerTarget } from './server.ts'

/** Agreed parameters (RFC 7692 §7.1). */
export interface Agreed {
  readonly serverNoTakeover: boolean
  readonly clientNoTakeover: boolean
  readonly serverBits: number
  readonly clientBits: number
}

/** What to send, and how. */
export interface Exchange {
  readonly messages: readonly Expected[]
  /** Each message in so many fragments (1: whole). */
  readonly fragments?: number
  /** Every third message is sent uncompressed: it does not enter the window (RFC 7692 §6). */
  readonly mixed?: boolean
  /** Send the next message only after the echo of the last. Default: all in a row. */
  readonly stepwise?: boolean
  /** Check with the plain inflater that no echo reaches back further than agreed. Slow: small messages only. */
  readonly checkReach?: boolean
  /** ms. Default 30,000. */
  readonly deadline?: number
}

const names = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
]

/** Reads a response's (or a plain offer's) permessage-deflate element. @throws Error when it is not well formed */
export function readAgreed(value: string): Agreed {
  const [name, ...parts] = value.split(';').map((part) => part.trim())
  if (name !== 'permessage-deflate') throw new Error(`not permessage-deflate: ${value}`)
  const found = new Map(parts.map((part): [string, string] => [part.split('=')[0] ?? '', part.split('=')[1] ?? '']))
  if (found.size !== parts.length || [...found.keys()].some((key) => !names.includes(key)))
    throw new Error(`bad: ${value}`)
  const bits = (key: string): number => {
    if (!found.has(key)) return 15
    const text = found.get(key) ?? ''
    if (!/^([89]|1[0-5])$/.test(text)) throw new Error(`bad ${key}: ${value}`)
    return Number(text)
  }
  return {
    serverNoTakeover: found.has('server_no_context_takeover'),
    clientNoTakeover: found.has('client_no_context_takeover'),
    serverBits: bits('server_max_window_bits'),
    clientBits: bits('client_max_window_bits'),
  }
}

/** Our side of the connection, ready to exchange. */
interface Side {
  readonly peer: RawPeer
  readonly role: 'client' | 'server'
  readonly agreed: Agreed
}

/** As a client: offers `offer`, exchanges, says goodbye. Returns what was agreed; null when the server declined. */
export async function exchangeWithServer(
  target: ServerTarget,
  offer: string,
  exchange: Exchange,
): Promise<Agreed | null> {
  const peer = await RawPeer.connect(target.port, target.host)
  try {
    await peer.write(requestBytes({ fields: [['Sec-WebSocket-Extensions', offer]] }))
    await peer.until(() => readHead(peer.received) !== null || peer.ending !== 'open')
    const head = readHead(peer.received)
    if (head === null || !head.line.startsWith('HTTP/1.1 101 '))
      throw new Error(`handshake: ${head?.line ?? 'no answer'}`)
    if (head.all('Sec-WebSocket-Accept').join() !== acceptFor('dGhlIHNhbXBsZSBub25jZQ==')) throw new Error('bad accept')
    peer.take(head.end)
    const [answer] = head.all('Sec-WebSocket-Extensions')
    if (answer === undefined) return null
    const agreed = readAgreed(answer)
    await talk({ peer, role: 'client', agreed }, exchange)
    return agreed
  } finally {
    await peer.destroy()
  }
}

/** As a server: answers `answer`, exchanges, says goodbye. Returns what the client had offered. */
export async function exchangeWithClient(
  target: ClientTarget,
  offer: boolean | ClientOffer,
  answer: string,
  exchange: Exchange,
): Promise<string> {
  const server = await RawServer.listen()
  let failure: Error | null = null
  const cut = target.open(
    `ws://127.0.0.1:${server.port}/`,
    { subprotocols: [], deflate: offer, maxPayload: 2 << 20, handshakeTimeout: 10_000 },
    {
      onOpen: () => undefined,
      onError: (error) => {
        failure ??= error
      },
      onClose: () => undefined,
    },
  )
  try {
    const peer = await server.accept()
    await peer.until(() => readHead(peer.received) !== null || peer.ending !== 'open')
    const head = readHead(peer.received)
    if (head === null) throw new Error('no request')
    peer.take(head.end)
    const key = head.all('Sec-WebSocket-Key')[0] ?? ''
    await peer.write(responseBytes(key, { fields: [['Sec-WebSocket-Extensions', answer]] }))
    await talk({ peer, role: 'server', agreed: readAgreed(answer) }, exchange)
    if (failure !== null) throw failure
    return head.all('Sec-WebSocket-Extensions').join(', ')
  } finally {
    cut()
    await server.close()
  }
}

function zlibFor({ role, agreed }: Side): ZlibPeer {
  const client = { bits: agreed.clientBits, no: agreed.clientNoTakeover }
  const server = { bits: agreed.serverBits, no: agreed.serverNoTakeover }
  const [mine, theirs] = role === 'client' ? [client, server] : [server, client]
  return new ZlibPeer({
    deflateBits: mine.bits,
    deflateNoTakeover: mine.no,
    inflateBits: theirs.bits,
    inflateNoTakeover: theirs.no,
  })
}

async function talk(side: Side, exchange: Exchange): Promise<void> {
  const zlib = zlibFor(side)
  const { peer, role } = side
  const { messages, deadline = 30_000 } = exchange
  const theirs = role === 'client' ? side.agreed.serverBits : side.agreed.clientBits
  const fresh = role === 'client' ? side.agreed.serverNoTakeover : side.agreed.clientNoTakeover
  let history = Buffer.alloc(0)
  let compressed = 0
  const onCompressed = (payload: Buffer, plain: Buffer): string | null => {
    compressed++
    if (exchange.checkReach !== true) return null
    const { bytes, reach } = plainInflate(payload, fresh ? undefined : history)
    history = Buffer.concat([history, plain]).subarray(-32768)
    if (!bytes.equals(plain)) return 'the plain inflater disagrees'
    return reach > 1 << theirs ? `reaches ${reach} back, the window is ${1 << theirs}` : null
  }
  const dialogue = new Dialogue(peer, { role, deflate: zlib, echo: messages, onCompressed })
  const fault = (): boolean => dialogue.tokens.some((token) => token !== 'ECHO') || dialogue.ended
  for (const [i, message] of messages.entries()) {
    await peer.write(await framesOf(message, i, exchange, zlib, role === 'client'))
    if (exchange.stepwise === true) await dialogue.until(() => dialogue.messages > i || fault(), deadline)
    if (fault()) break
  }
  await dialogue.until(() => dialogue.tokens.length > 0 || fault(), deadline)
  if (dialogue.tokens.join() === 'ECHO') {
    await peer.write(buildFrame({ opcode: 8, payload: closePayload(1000), mask: role === 'client' }))
    await dialogue.until(() => dialogue.closeCode !== null || dialogue.ended, deadline)
  }
  zlib.close()
  const seen = dialogue.tokens.join(' ')
  if (seen !== 'ECHO CLOSE:1000') {
    throw new Error(`${dialogue.messages} of ${messages.length} echoes, then: ${seen || peer.ending}`)
  }
  if (compressed === 0 && messages.some(({ payload }) => payload.length > 64)) throw new Error('no echo was compressed')
}

async function framesOf(
  message: Expected,
  index: number,
  how: Exchange,
  zlib: ZlibPeer,
  mask: boolean,
): Promise<Buffer> {
  const plain = how.mixed === true && index % 3 === 2
  const payload = plain ? Buffer.from(message.payload) : await zlib.deflate(message.payload)
  const first: FrameSpec = { opcode: message.text ? 1 : 2, rsv: plain ? 0 : 4, mask }
  const count = how.fragments ?? 1
  if (count === 1) return buildFrame({ ...first, payload })
  const random = new Random(index + count)
  const cuts = Array.from({ length: count - 1 }, () => random.between(0, payload.length)).sort((a, b) => a - b)
  const edges = [0, ...cuts, payload.length]
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      const part = { payload: payload.subarray(edges[i], edges[i + 1]), fin: i === count - 1 }
      return buildFrame(i === 0 ? { ...first, ...part } : { opcode: 0, mask, ...part })
    }),
  )
}
