/**
 * Plays the cases of the catalogue against a server: any server, given by host and port, that echoes every message.
 * It must speak permessage-deflate and take messages of up to 1 MiB. The runner judges nothing but the outcome.
 */
import {
  acceptFor,
  buildFrame,
  closePayload,
  type HeadText,
  RawPeer,
  readHead,
  requestBytes,
  ZlibPeer,
} from '@tautline/testkit'
import type { ServerCase } from '../cases/case.ts'
import { Dialogue } from './dialogue.ts'
import { mayStillMeet, meets, type Outcome, outcomeText } from './outcome.ts'
import type { Variant } from './variants.ts'

/** A server to be examined. */
export interface ServerTarget {
  readonly host: string
  readonly port: number
  /** What the server's own close event told of the connection from that port. Absent: it does not let us look. */
  closed?(port: number): Promise<number>
  stop(): Promise<void>
}

/** ms until a missing outcome counts as none. */
const DEADLINE = 10_000
/** ms a server may keep a refused connection open. */
const LINGER = 3000

/** How a run ended. `problem` is null when the case is met. */
export interface Result {
  readonly seen: string
  readonly problem: string | null
}

/** Runs a case once, its bytes delivered in the given way. */
export async function runServerCase(target: ServerTarget, one: ServerCase, variant: Variant): Promise<Result> {
  const peer = await RawPeer.connect(target.port, target.host)
  try {
    return one.id.startsWith('H')
      ? await openingCase(target, peer, one, variant)
      : await frameCase(target, peer, one, variant)
  } finally {
    await peer.destroy()
  }
}

async function openingCase(target: ServerTarget, peer: RawPeer, one: ServerCase, variant: Variant): Promise<Result> {
  const input = one.input()
  const writing = peer.writeSplit(variant.split(input))
  const head = await answer(peer)
  if (head === null || !head.line.includes(' 101')) {
    await peer.untilEnd(LINGER)
    const name = head === null ? (peer.ending === 'open' ? 'none' : 'RST') : `HTTP:${head.line.split(' ')[1] ?? ''}`
    const tokens = peer.ending === 'open' && head !== null ? ['left open'] : []
    return verdict(one, { head: name, tokens }, head, peer.received, [])
  }
  const raw = peer.take(head.end)
  return await talk(target, peer, one, { head, fault: handshakeFault(head, input), raw, writing })
}

async function frameCase(target: ServerTarget, peer: RawPeer, one: ServerCase, variant: Variant): Promise<Result> {
  const offer = one.deflate === true ? { fields: [['Sec-WebSocket-Extensions', 'permessage-deflate'] as const] } : {}
  const request = requestBytes(offer)
  await peer.write(request)
  const head = await answer(peer)
  if (head === null) return { seen: 'none', problem: 'the handshake was not answered' }
  peer.take(head.end)
  const fault = handshakeFault(head, request)
  const missing =
    one.deflate === true && head.all('Sec-WebSocket-Extensions').length === 0 ? '!no permessage-deflate' : fault
  return await talk(target, peer, one, { head, fault: missing, raw: Buffer.alloc(0), variant })
}

interface Talk {
  readonly head: HeadText
  readonly fault: string | null
  readonly raw: Buffer
  /** The bytes are on their way already, or are sent now. */
  readonly writing?: Promise<void>
  readonly variant?: Variant
}

/** What follows the 101: waits for an outcome that is allowed, or that never will be. */
async function talk(target: ServerTarget, peer: RawPeer, one: ServerCase, how: Talk): Promise<Result> {
  const extended = how.head.all('Sec-WebSocket-Extensions').length > 0
  const zlib = extended ? new ZlibPeer() : null
  const port = peer.localPort
  const deadline = one.deadline ?? DEADLINE
  const dialogue = new Dialogue(peer, {
    role: 'client',
    deflate: zlib,
    ...(one.echo === undefined ? {} : { echo: one.echo }),
  })
  const now = (): Outcome => ({ head: extended ? '101+ext' : '101', tokens: dialogue.tokens })
  const settled = (): boolean => dialogue.ended || !mayStillMeet(now(), one.required)
  const writing = how.writing ?? peer.writeSplit(how.variant?.split(one.input()) ?? [], settled)
  if (how.fault !== null) dialogue.tokens.push(how.fault)
  if (one.end === 'half-close') await writing.then(() => peer.end())
  else await Promise.race([writing, dialogue.until(settled, 60_000 + deadline)])
  await dialogue.until(settled, deadline)
  await finish(dialogue, writing)
  if (dialogue.closeCode === null && dialogue.ended)
    dialogue.tokens.push(one.end === 'half-close' ? 'TCP:1006' : ending(peer))
  peer.end()
  await local(target, one, dialogue, port)
  zlib?.close()
  return verdict(one, now(), how.head, how.raw, dialogue.pongs)
}

/** Ends the connection: after a Close frame the server closes TCP (RFC 6455 §7.1.1); else we say goodbye. */
async function finish(dialogue: Dialogue, writing: Promise<void>): Promise<void> {
  if (dialogue.closeCode === null && !dialogue.ended && !dialogue.tokens.some((token) => token.startsWith('!'))) {
    const before = dialogue.tokens.length
    await Promise.race([writing, dialogue.until(() => dialogue.ended, DEADLINE)])
    await Promise.race([
      dialogue.peer.write(buildFrame({ opcode: 8, payload: closePayload(1000, 'bye'), mask: true })),
      dialogue.until(() => dialogue.ended, DEADLINE),
    ])
    await dialogue.until(() => dialogue.ended || dialogue.closeCode !== null, DEADLINE)
    // Our own goodbye, answered, is not part of the outcome.
    if (dialogue.tokens.length === before + 1 && dialogue.closeCode === 1000) dialogue.tokens.length = before
    else if (dialogue.tokens.length === before && !dialogue.ended) dialogue.tokens.push('!no goodbye')
  }
  if (dialogue.closeCode !== null && !(await dialogue.until(() => dialogue.ended, DEADLINE))) {
    dialogue.tokens.push('!TCP left open')
  }
}

function ending(peer: RawPeer): string {
  return peer.ending === 'eof' ? 'EOF' : 'RST'
}

async function local(target: ServerTarget, one: ServerCase, dialogue: Dialogue, port: number): Promise<void> {
  if (target.closed === undefined || one.local === undefined || !dialogue.ended) return
  const code = await target.closed(port)
  if (code !== one.local) dialogue.tokens.push(`!close event ${code}`)
}

/** The first head that is not interim; null when none comes. */
async function answer(peer: RawPeer): Promise<HeadText | null> {
  const find = (): HeadText | null => {
    let head = readHead(peer.received)
    while (head !== null && / 10[023] /.test(head.line)) head = readHead(peer.received, head.end)
    return head
  }
  await peer.until(() => find() !== null || peer.ending !== 'open', DEADLINE)
  return find()
}

/** RFC 6455 §4.2.2 (5): what a 101 must say. */
function handshakeFault(head: HeadText, request: Uint8Array): string | null {
  const asked = readHead(Buffer.from(request).subarray(request[0] === 13 ? 2 : 0))
  const key = asked?.all('Sec-WebSocket-Key')[0] ?? ''
  if (!head.line.startsWith('HTTP/1.1 101 ')) return `!${head.line}`
  if (head.all('Sec-WebSocket-Accept').join() !== acceptFor(key)) return '!accept'
  if (head.all('Upgrade').join().toLowerCase() !== 'websocket') return '!upgrade'
  if (head.all('Connection').join().toLowerCase() !== 'upgrade') return '!connection'
  if (head.all('Content-Length').length + head.all('Transfer-Encoding').length > 0) return '!body'
  return null
}

function verdict(
  one: ServerCase,
  outcome: Outcome,
  head: HeadText | null,
  raw: Buffer,
  pongs: readonly Buffer[],
): Result {
  const seen = outcomeText(outcome)
  if (!meets(outcome, one.required)) return { seen, problem: `required ${one.required.join(' / ')}, seen ${seen}` }
  // A demand speaks of the outcome the case wants; a refusal that is allowed too need not meet it.
  const wrong = one.demand?.({ head, raw, pongs, connections: 1 }) ?? null
  return wrong === null ? { seen, problem: null } : { seen: `${seen} (${wrong})`, problem: wrong }
}
