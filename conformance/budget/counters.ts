// Counts what is made in a turn, at the border between our code and Node: runs of bytes handed to streams, texts and bytes
// encoded or decoded, calls of zlib.

import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import zlib from 'node:zlib'
import { Encoder } from '@msgpack/msgpack'
import { isPeer } from './peer.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

const ENCODERS: readonly (readonly [object, string])[] = [
  [JSON, 'stringify'],
  [JSON, 'parse'],
  [Encoder.prototype, 'encode'],
]
const DEFLATERS = ['deflateRaw', 'deflateRawSync', 'createDeflateRaw'] as const

export interface Counted {
  readonly runs: number
  readonly sent: number
  readonly encodings: number
  readonly deflates: number
}

/** Counts from its making on, until `stop`. One at a time. */
export class Counters {
  private readonly undo: (() => void)[] = []
  private encodings = 0
  private deflates = 0
  /** Heads of answers, which are ASCII. */
  private texts = 0
  private sent = 0
  private runs = 0
  /** Those of this turn of the loop, behind which memory may be used again. One that goes to many is one: by its memory and where in it it begins. */
  private readonly seen: Map<ArrayBufferLike, Set<number>> = new Map()

  constructor() {
    for (const [owner, name] of ENCODERS) this.wrap(owner, name, () => this.encodings++)
    for (const name of DEFLATERS) this.wrap(zlib, name, () => this.deflates++)
    syncBuiltinESMExports()
    this.wrap(Socket.prototype, 'write', (stream, [chunk]) => this.ran(stream, chunk))
  }

  stop(): Counted {
    this.endTurn()
    for (const undo of this.undo) undo()
    syncBuiltinESMExports()
    const runs = this.runs + this.texts
    return { runs, sent: this.sent, encodings: this.encodings, deflates: this.deflates }
  }

  private endTurn(): void {
    for (const starts of this.seen.values()) this.runs += starts.size
    this.seen.clear()
  }

  private ran(stream: unknown, chunk: unknown): void {
    if (isPeer(stream)) return
    this.sent += (chunk as Uint8Array | string).length
    if (!(chunk instanceof Uint8Array)) {
      this.texts++
      return
    }
    if (this.seen.size === 0) setImmediate(() => this.endTurn())
    const starts = this.seen.get(chunk.buffer)
    if (starts === undefined) this.seen.set(chunk.buffer, new Set([chunk.byteOffset]))
    else starts.add(chunk.byteOffset)
  }

  private wrap(owner: object, name: string, count: (self: unknown, args: unknown[]) => void): void {
    const own = Object.getOwnPropertyDescriptor(owner, name)
    const original = (owner as Record<string, Method>)[name] as Method
    const wrapped: Method = function (...args) {
      count(this, args)
      return original.apply(this, args)
    }
    Object.defineProperty(owner, name, { value: wrapped, configurable: true, writable: true })
    this.undo.push(() => {
      if (own === undefined) delete (owner as Record<string, Method>)[name]
      else Object.defineProperty(owner, name, own)
    })
  }
}
