/**
 * Plays the cases of the catalogue against a client: any client that can be told to connect to a URL, echoes every
 * message and reports its events. The raw server here answers each request with the case's bytes.
 */
import { buildFrame, closePayload, type HeadText, type RawPeer, RawServer, readHead, ZlibPeer } from '@tautline/testkit'
import type { ClientCase } from '../cases/case.ts'
import { Dialogue } from './dialogue.ts'
import { mayStillMeet, meets, type Outcome, outcomeText } from './outcome.ts'
import type { Result } from './server.ts'
import type { Variant } from './variants.ts'

/** How the client is to connect. */
export interface ClientOptions {
  readonly subprotocols: readonly string[]
  /** Offer permessage-deflate; an object is the offer. */
  readonly deflate: boolean | ClientOffer
  readonly maxPayload: number
  readonly maxFragments?: number
  /** ms */
  readonly handshakeTimeout: number
}

/** Parameters of the client's permessage-deflate offer (RFC 7692 §7.1). */
export interface ClientOffer {
  readonly serverNoContextTakeover?: boolean
  readonly clientNoContextTakeover?: boolean
  readonly serverMaxWindowBits?: number
  readonly clientMaxWindowBits?: number | true
}

/** What the client tells of itself, as it happens. */
export interface ClientEvents {
  onOpen(): void
  /** A failure: before `onOpen` that of the handshake. */
  onError(error: Error): void
  /** Once and last. A client without a close event for a failed handshake reports 1006. */
  onClose(code: number): void
}

/** A client to be examined. */
export interface ClientTarget {
  /** Connects; returns how to cut the connection. */
  open(url: string, options: ClientOptions, events: ClientEvents): () => void
}

const DEADLINE = 10_000

/** What the client told so far. */
interface Told {
  opened: boolean
  errors: number
  closes: number[]
}

/** Runs a case once, the answer's bytes delivered in the given way. */
export async function runClientCase(target: ClientTarget, one: ClientCase, variant: Variant): Promise<Result> {
  const server = await RawServer.listen()
  const told: Told = { opened: false, errors: 0, closes: [] }
  const changed: { wake: () => void } = { wake: () => undefined }
  const tell = (change: () => void): void => {
    change()
    changed.wake()
  }
  const cut = target.open(
    `ws://127.0.0.1:${server.port}/`,
    {
      subprotocols: one.subprotocols ?? [],
      deflate: one.deflate ?? true,
      maxPayload: one.maxPayload ?? 1 << 20,
      ...(one.maxFragments === undefined ? {} : { maxFragments: one.maxFragments }),
      handshakeTimeout: one.answer('') === null ? 300 : DEADLINE,
    },
    {
      onOpen: () => tell(() => (told.opened = true)),
      onError: () => tell(() => told.errors++),
      onClose: (code) => tell(() => told.closes.push(code)),
    },
  )
  try {
    return await play(server, one, variant, told, changed)
  } finally {
    cut()
    await server.close()
  }
}

async function play(
  server: RawServer,
  one: ClientCase,
  variant: Variant,
  told: Told,
  changed: { wake: () => void },
): Promise<Result> {
  const peer = await server.accept()
  const head = await request(peer)
  if (head === null) return { seen: 'none', problem: 'the client sent no request' }
  peer.take(head.end)
  const bytes = one.answer(head.all('Sec-WebSocket-Key')[0] ?? '')
  const zlib = one.deflate === false ? null : new ZlibPeer()
  const dialogue = new Dialogue(peer, {
    role: 'server',
    deflate: zlib,
    ...(one.echo === undefined ? {} : { echo: one.echo }),
  })
  changed.wake = () => dialogue.wake()
  const now = (): Outcome => ({
    head: told.opened ? 'OPEN' : told.closes.length > 0 ? 'FAIL' : 'none',
    tokens: dialogue.tokens,
  })
  const settled = (): boolean => {
    if (now().head === 'none') return false
    return dialogue.ended || told.closes.length > 0 || !mayStillMeet(now(), one.required)
  }
  const writing = peer.writeSplit(
    bytes === null ? [] : variant.split(bytes),
    () => dialogue.ended || dialogue.closeCode !== null || told.closes.length > 0,
  )
  const deadline = one.deadline ?? DEADLINE
  await Promise.race([writing, dialogue.until(settled, 60_000 + deadline)])
  await dialogue.until(settled, deadline)
  await finish(dialogue, writing, now().head, told, one.local ?? 1006)
  zlib?.close()
  if (now().head === 'none') return { seen: 'none', problem: 'neither open nor failed' }
  return verdict(one, now(), server, dialogue.pongs, told)
}

/** The server closes TCP first (RFC 6455 §7.1.1), after a Close frame of either side; a failed client closes itself. */
async function finish(
  dialogue: Dialogue,
  writing: Promise<void>,
  head: string,
  told: Told,
  local: number,
): Promise<void> {
  const { peer, tokens } = dialogue
  let expected = local
  if (head === 'OPEN' && dialogue.closeCode === null && !dialogue.ended && told.closes.length === 0) {
    const before = tokens.length
    await Promise.race([writing, dialogue.until(() => dialogue.ended, DEADLINE)])
    await peer.write(buildFrame({ opcode: 8, payload: closePayload(1000) }))
    await dialogue.until(() => dialogue.closeCode !== null || dialogue.ended, DEADLINE)
    if (tokens.length === before + 1 && dialogue.closeCode === 1000) {
      tokens.length = before
      expected = 1000
    } else if (tokens.length === before) tokens.push('!no goodbye')
  }
  if (dialogue.closeCode !== null) peer.end()
  else if (head === 'OPEN') tokens.push(peer.ending === 'eof' ? 'EOF' : 'RST')
  if (!(await dialogue.until(() => dialogue.ended && told.closes.length > 0, DEADLINE))) {
    tokens.push(dialogue.ended ? '!no close event' : '!TCP left open')
  } else if (told.closes.join() !== String(expected)) {
    tokens.push(`!close events ${told.closes.join()}`)
  } else if (expected === 1006 && told.errors === 0) {
    tokens.push('!no error event')
  }
}

async function request(peer: RawPeer): Promise<HeadText | null> {
  await peer.until(() => readHead(peer.received) !== null || peer.ending !== 'open')
  return readHead(peer.received)
}

function verdict(one: ClientCase, outcome: Outcome, server: RawServer, pongs: readonly Buffer[], told: Told): Result {
  const seen = outcomeText(outcome)
  if (!meets(outcome, one.required)) return { seen, problem: `required ${one.required.join(' / ')}, seen ${seen}` }
  const wrong = one.demand?.({ head: null, raw: Buffer.alloc(0), pongs, connections: server.accepted }) ?? null
  if (wrong !== null) return { seen: `${seen} (${wrong})`, problem: wrong }
  return told.closes.length === 1 ? { seen, problem: null } : { seen, problem: `${told.closes.length} close events` }
}
