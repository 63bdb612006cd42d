// An observer at the client's end of every connection: reads the frames both ways and writes down, channel by channel,
// what the server said. What it notes does not depend on the client's code.

import type { Codec, Command, From, Policy, Position, ServerMessage, Sub, Subscribed } from '@tautline/wire'
import { jsonCodec, SERVER_FRAME_LIMITS } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Step } from '../checker/mod.ts'
import type { Connection, Payload, Tap } from './connection.ts'
import { payloadOf } from './payload.ts'

/** What was seen of one channel over one connection. */
export interface WireStream {
  readonly connection: Connection
  readonly channel: string
  policy: Policy
  epoch: string
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
  /** Commands that await an answer, by their number. */
  readonly commands: Map<number, { readonly command: Command; readonly at: number }>
  /** What `connect` resumes. */
  readonly resumed: Map<string, Asked>
}

/** Hears everything; `noted` gets each message as text. */
export class WireObserver implements Tap {
  readonly streams: WireStream[] = []
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
    this.#watched.set(connection, { streams: new Map(), commands: new Map(), resumed: new Map() })
    this.#count('connections')
  }

  ended(connection: Connection): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    this.#watched.delete(connection)
    this.ends.push({ at: this.#now(), client: connection.client })
    for (const stream of watched.streams.values()) this.#stop(stream, 'closed')
  }

  sent(connection: Connection, payload: Payload): void {
    const watched = this.#watched.get(connection)
    if (watched === undefined) return
    for (const message of decode(payload) as Command[]) {
      this.#noted(connection, '→', message)
      watched.commands.set(message.id, { command: message, at: this.#now() })
      if (message.op !== 'connect') continue
      for (const sub of message.resume ?? []) watched.resumed.set(sub.ch, { sub, at: this.#now() })
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

  #reply(connection: Connection, watched: Watched, reply: Extract<ServerMessage, { id: number; ev?: never }>): void {
    const asked = watched.commands.get(reply.id)
    watched.commands.delete(reply.id)
    if (reply.error !== undefined) return this.#count(`error ${reply.error.code}`)
    if (asked === undefined) return
    const { command } = asked
    if (command.op === 'subscribe')
      this.#start(connection, watched, reply.ok as Subscribed, { sub: command, at: asked.at })
    if (command.op === 'unsubscribe') {
      const stream = watched.streams.get(command.ch)
      if (stream !== undefined) this.#stop(stream, 'unsubscribed')
    }
  }

  #push(connection: Connection, watched: Watched, push: Extract<ServerMessage, { ev: string }>): void {
    if (push.ev === 'sub') {
      const asked = watched.resumed.get(push.ch) ?? { sub: null, at: this.#now() }
      return this.#start(connection, watched, push, asked)
    }
    if (push.ev === 'bye') return this.#count(`bye ${push.code}`)
    if (!('ch' in push) || push.ev === 'members') return
    const stream = watched.streams.get(push.ch)
    if (stream === undefined) return this.#stranger(connection, watched, push.ch, push.ev)
    const at = this.#now()
    if (push.ev === 'pub') stream.steps.push(messageStep(stream, push, at))
    else if (push.ev === 'fence') {
      stream.epoch = push.epoch
      stream.steps.push({ kind: 'fence', at, from: push.from, epoch: push.epoch })
      this.#count(`fence ${push.loss}`)
    } else if (push.ev === 'gap') {
      stream.steps.push({ kind: 'gap', at, to: push.to, count: push.count, why: push.why })
      stream.epoch = push.to.epoch
      this.#count(`gap ${push.why}`)
    } else if (push.ev === 'lost') {
      if (push.start !== null) stream.epoch = push.start.epoch
      stream.steps.push({ kind: 'lost', at, lost: push.lost, start: push.start })
      this.#count(`lost ${push.lost.why}`)
    } else {
      this.#stop(stream, 'revoked')
      this.#count(`unsub ${push.error.code}`)
    }
  }

  #start(connection: Connection, watched: Watched, ok: Subscribed, { sub, at }: Asked): void {
    let stream = watched.streams.get(ok.ch)
    if (stream === undefined) {
      stream = { connection, channel: ok.ch, policy: 'lossless', epoch: '', mode: ok.mode, on: true, steps: [] }
      watched.streams.set(ok.ch, stream)
      this.streams.push(stream)
    }
    stream.on = true
    stream.policy = sub?.policy ?? this.#policyOf(ok.ch)
    stream.epoch = ok.start?.epoch ?? ''
    const from: From = sub?.from ?? 'head'
    stream.steps.push({
      kind: 'start',
      at: this.#now(),
      asked: at,
      from,
      outcome: ok.outcome,
      start: ok.start,
      head: ok.head,
      ...(ok.lost === undefined ? {} : { lost: ok.lost }),
    })
    this.#count(ok.lost === undefined ? `${ok.mode} ${ok.outcome}` : `lost ${ok.lost.why}`)
  }

  /** A push for a channel that this connection never had. */
  #stranger(connection: Connection, watched: Watched, channel: string, event: string): void {
    const patterns = [...watched.streams.values()].some((stream) => stream.mode === 'pattern')
    if (patterns || event === 'unsub') return
    const stream: WireStream = {
      connection,
      channel,
      policy: 'lossless',
      epoch: '',
      mode: 'log',
      on: false,
      steps: [{ kind: 'stop', at: 0, why: 'closed' }],
    }
    stream.steps.push({ kind: 'message', at: this.#now(), position: null, id: '?', payload: event, own: null })
    this.streams.push(stream)
  }

  #stop(stream: WireStream, why: 'unsubscribed' | 'revoked' | 'closed'): void {
    stream.on = false
    stream.steps.push({ kind: 'stop', at: this.#now(), why })
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

function messageStep(stream: WireStream, push: Extract<ServerMessage, { ev: 'pub' }>, at: number): Step {
  const position: Position | null =
    push.off === undefined ? null : { epoch: stream.epoch, offset: push.off, id: push.id }
  const payload = payloadOf(push)
  const state = push.state === undefined ? {} : { state: push.state }
  return { kind: 'message', at, position, id: push.id, payload, own: null, ...state }
}

function decode(payload: Payload): unknown[] {
  if (typeof payload === 'string') return payload.split('\n').map((line) => JSON.parse(line) as unknown)
  return msgpackCodec.decode(payload, SERVER_FRAME_LIMITS).map((decoded) => decoded.value)
}

/** Both notations, in the order in which a node prefers them. */
export const CODECS: readonly Codec[] = [jsonCodec, msgpackCodec]
