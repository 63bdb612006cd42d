// An observer at the client's end of every connection: reads the frames both ways and writes down, channel by channel,
// what the server said. What it notes does not depend on the client's code.

import type {
  Codec,
  Command,
  Connected,
  From,
  Policy,
  Position,
  Push,
  Reply,
  ServerMessage,
  Sub,
  Subscribed,
} from '@tautline/wire'
import { isPattern, jsonCodec, SERVER_FRAME_LIMITS } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Step } from '../checker/mod.ts'
import type { Connection, Payload, Tap } from './connection.ts'
import { payloadOf } from './payload.ts'
import { type WirePattern, WirePatterns } from './wire-patterns.ts'
import { WireSessions } from './wire-sessions.ts'

/** What was seen of one channel over one connection. */
export interface WireStream {
  readonly connection: Connection
  readonly channel: string
  policy: Policy
  epoch: string
  /** Where it stands. */
  at: Position | null
  mode: Subscribed['mode']
  on: boolean
  readonly steps: Step[]
}

interface Asked {
  readonly sub: Sub | null
  readonly at: number
}

interface Watched {
  readonly streams: Map<string, WireStream>
  readonly patterns: WirePatterns
  /** Commands that await an answer, by their number. */
  readonly commands: Map<number, { readonly command: Command; readonly at: number }>
  /** What `connect` resumes. */
  readonly resumed: Map<string, Asked>
}

/** Hears everything; `noted` gets each message as text. */
export class WireObserver implements Tap {
  readonly streams: WireStream[] = []
  readonly patterns: WirePattern[] = []
  readonly sessions: WireSessions = new WireSessions((name) => this.#count(name))
  /** When whose connection ended. */
  readonly ends: { readonly at: number; readonly client: string }[] = []
  /** How often what was said, by name. */
  readonly counts: Map<string, number> = new Map()
  readonly #now: () => number
  readonly #noted: (connection: Connection, direction: '→' | '←', message: object) => void
  readonly #watched = new Map<Connection, Watched>()
  readonly #policyOf: (channel: string) => Policy

  constructor(
    now: () => number,
    policyOf: (channel: string) => Policy,
    noted: (connection: Connection, direction: '→' | '←', message: object) => void,
  ) {
    this.#now = now
    this.#policyOf = policyOf
    this.#noted = noted
  }

  opened(connection: Connection): void {
    const patterns = new WirePatterns(connection, this.#now, this.patterns)
    this.#watched.set(connection, { streams: new Map(), patterns, commands: new Map(), resumed: new Map() })
    this.#count('connections')
  }

  ended(connection: Connection): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    this.#watched.delete(connection)
    this.ends.push({ at: this.#now(), client: connection.client })
    for (const stream of watched.streams.values()) this.#stop(watched, stream, 'closed')
    watched.patterns.end()
  }

  sent(connection: Connection, payload: Payload): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    for (const message of decode(payload) as Command[]) {
      this.#noted(connection, '→', message)
      watched.commands.set(message.id, { command: message, at: this.#now() })
      if (message.op === 'subscribe') this.#asked(connection, message)
      if (message.op !== 'connect') continue
      this.sessions.asks(message, this.#now())
      for (const sub of message.resume ?? []) {
        watched.resumed.set(sub.ch, { sub, at: this.#now() })
        this.#asked(connection, sub)
      }
    }
  }

  received(connection: Connection, payload: Payload): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    for (const message of decode(payload) as ServerMessage[]) {
      this.#noted(connection, '←', message)
      if ('ev' in message) this.#push(connection, watched, message)
      else this.#reply(connection, watched, message)
    }
  }

  #asked(connection: Connection, sub: Sub): void {
    this.sessions.asked(connection, sub.policy ?? this.#policyOf(sub.ch))
    if (sub.conflate === true && typeof sub.from === 'object' && 'epoch' in sub.from) this.#count('conflate resumes')
  }

  #reply(connection: Connection, watched: Watched, reply: Reply): void {
    const asked = watched.commands.get(reply.id)
    watched.commands.delete(reply.id)
    if (reply.error !== undefined) return this.#count(`error ${reply.error.code}`)
    if (asked === undefined) return
    const { command, at } = asked
    if (command.op === 'connect') this.sessions.connected(connection, command, this.#now(), reply.ok as Connected)
    else if (command.op === 'refresh') this.#count('tokens refreshed')
    else if (command.op === 'subscribe') this.#start(connection, watched, reply.ok as Subscribed, { sub: command, at })
    else if (command.op === 'unsubscribe') this.#end(watched, command.ch, 'unsubscribed')
  }

  #push(connection: Connection, watched: Watched, push: Push): void {
    if (push.ev === 'sub') {
      const asked = watched.resumed.get(push.ch) ?? { sub: null, at: this.#now() }
      watched.resumed.delete(push.ch)
      if (asked.sub === null) this.#count('server-side subscriptions')
      return this.#start(connection, watched, push, asked)
    }
    if (push.ev === 'bye') return this.#count(`bye ${push.code}`)
    if (push.ev === 'msg') return this.#count('direct messages')
    if (!('ch' in push) || push.ev === 'members') return
    if (push.ev === 'unsub') {
      this.#count(`unsub ${push.error.code}`)
      watched.resumed.delete(push.ch)
      return this.#end(watched, push.ch, 'revoked')
    }
    if (push.ev === 'lost' && isPattern(push.ch)) {
      this.#count(`lost ${push.lost.why}`)
      return watched.patterns.lost(push.ch)
    }
    const brought = (push.ev === 'pub' || push.ev === 'gap') && watched.patterns.brings(push.ch)
    if (brought) watched.patterns.entry(push)
    const stream = watched.streams.get(push.ch)
    // What had waited for the pattern is older than where the channel's own subscription began; and while that one is
    // made anew, the pattern brings what comes.
    const apart =
      stream?.on === true && (isOld(stream, push) || (isAsked(watched, push.ch) && !continues(stream, push)))
    if (brought && apart) this.#count('brought by a pattern')
    else if (stream?.on === true) this.#step(watched, stream, push)
    else if (brought) this.#count('brought by a pattern')
    else if (push.ev !== 'fence' || !watched.patterns.brings(push.ch)) this.#stranger(connection, watched, push)
  }

  #step(watched: Watched, stream: WireStream, push: Extract<Push, { ev: 'pub' | 'fence' | 'gap' | 'lost' }>): void {
    const at = this.#now()
    if (push.ev === 'pub') {
      const step = messageStep(stream, push, at)
      stream.at = step.position
      stream.steps.push(step)
    } else if (push.ev === 'fence') {
      stream.epoch = push.epoch
      stream.steps.push({ kind: 'fence', at, from: push.from, epoch: push.epoch })
      this.#count(`fence ${push.loss}`)
    } else if (push.ev === 'gap') {
      stream.steps.push({ kind: 'gap', at, to: push.to, count: push.count, why: push.why })
      stream.epoch = push.to.epoch
      stream.at = push.to
      this.#count(`gap ${push.why}`)
    } else {
      if (push.start !== null) stream.epoch = push.start.epoch
      stream.at = push.start
      stream.steps.push({ kind: 'lost', at, lost: push.lost, start: push.start })
      watched.patterns.jump(stream.channel, push.start)
      this.#count(`lost ${push.lost.why}`)
    }
  }

  #end(watched: Watched, channel: string, why: 'unsubscribed' | 'revoked'): void {
    watched.patterns.stop(channel)
    const stream = watched.streams.get(channel)
    if (stream !== undefined) this.#stop(watched, stream, why)
  }

  #start(connection: Connection, watched: Watched, ok: Subscribed, { sub, at }: Asked): void {
    if (ok.mode === 'pattern') {
      this.#count('pattern fresh')
      return watched.patterns.begin(ok.ch, at)
    }
    watched.patterns.jump(ok.ch, ok.start)
    let stream = watched.streams.get(ok.ch)
    if (stream === undefined) {
      stream = {
        connection,
        channel: ok.ch,
        policy: 'lossless',
        epoch: '',
        at: null,
        mode: ok.mode,
        on: true,
        steps: [],
      }
      watched.streams.set(ok.ch, stream)
      this.streams.push(stream)
    }
    stream.on = true
    stream.policy = sub?.policy ?? this.#policyOf(ok.ch)
    stream.epoch = ok.start?.epoch ?? ''
    stream.at = ok.start
    const from: From = sub?.from ?? 'head'
    stream.steps.push({
      kind: 'start',
      at: this.#now(),
      asked: at,
      from,
      outcome: ok.outcome,
      start: ok.start,
      head: ok.head,
      policy: stream.policy,
      ...(ok.lost === undefined ? {} : { lost: ok.lost }),
    })
    this.#count(ok.lost === undefined ? `${ok.mode} ${ok.outcome}` : `lost ${ok.lost.why}`)
  }

  /** A push for a channel that this connection has not, or not any more. */
  #stranger(connection: Connection, watched: Watched, push: Extract<Push, { ch: string }>): void {
    let stream = watched.streams.get(push.ch)
    if (stream === undefined) {
      stream = {
        connection,
        channel: push.ch,
        policy: 'lossless',
        epoch: '',
        at: null,
        mode: 'log',
        on: false,
        steps: [],
      }
      stream.steps.push({ kind: 'stop', at: 0, why: 'closed' })
      watched.streams.set(push.ch, stream)
      this.streams.push(stream)
    }
    stream.steps.push({ kind: 'message', at: this.#now(), position: null, id: '?', payload: push.ev, own: null })
  }

  #stop(watched: Watched, stream: WireStream, why: 'unsubscribed' | 'revoked' | 'closed'): void {
    if (!stream.on) return
    stream.on = false
    stream.steps.push({ kind: 'stop', at: this.#now(), why })
    watched.patterns.jump(stream.channel, null)
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

/** Is a subscription to it under way? */
function isAsked({ commands }: Watched, channel: string): boolean {
  return [...commands.values()].some(({ command }) => command.op === 'subscribe' && command.ch === channel)
}

/** Is it what the stream waits for? Then it may be from either. */
function continues({ at, epoch }: WireStream, push: Push): boolean {
  return push.ev === 'pub' && at !== null && epoch === at.epoch && (push.prev ?? (push.off ?? 0) - 1) === at.offset
}

/** Is it of what the stream has behind it? */
function isOld({ at, epoch }: WireStream, push: Push): boolean {
  if (at === null || (push.ev !== 'pub' && push.ev !== 'gap')) return false
  const to = push.ev === 'gap' ? push.to : { epoch, offset: push.off ?? 0 }
  return to.epoch === at.epoch && to.offset <= at.offset
}

function messageStep(
  stream: WireStream,
  push: Extract<Push, { ev: 'pub' }>,
  at: number,
): Extract<Step, { kind: 'message' }> {
  const position: Position | null =
    push.off === undefined ? null : { epoch: stream.epoch, offset: push.off, id: push.id }
  return { kind: 'message', at, position, id: push.id, payload: payloadOf(push), own: null }
}

function decode(payload: Payload): unknown[] {
  if (typeof payload === 'string') return payload.split('\n').map((line) => JSON.parse(line) as unknown)
  return msgpackCodec.decode(payload, SERVER_FRAME_LIMITS).map((decoded) => decoded.value)
}

/** Both notations, in the order in which a node prefers them. */
export const CODECS: readonly Codec[] = [jsonCodec, msgpackCodec]
