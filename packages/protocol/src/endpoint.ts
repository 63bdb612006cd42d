// What the connections of one side share: who they are, what they may cost, the machine under them. And what they lend one
// another: an idle connection needs neither a reader nor a writer, so it has none (docs/decisions/0019).

import type { DeflateCodec } from './deflate/codec.ts'
import { FrameRun } from './frame-run.ts'
import type { Slab } from './frame-writer.ts'
import { type MessageLimits, MessageReader, type MessageTarget } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import type { Platform } from './platform.ts'
import { Spares } from './spares.ts'

export interface EndpointOptions {
  readonly role: 'server' | 'client'
  readonly limits: MessageLimits
  /** Are pings answered? Default true. */
  readonly autoPong?: boolean
  readonly platform: Platform
  readonly slab: Slab
}

/** Readers that wait for work. More are needed only while as many connections are in the middle of a message. */
const SPARE_READERS = 64
/** Writers that wait for work. In one turn of the loop as many connections may have something to say. */
const SPARE_WRITERS = 1024

/** One side of any number of connections, server or client. */
export class Endpoint {
  readonly role: 'server' | 'client'
  readonly limits: MessageLimits
  readonly autoPong: boolean
  readonly platform: Platform
  readonly slab: Slab
  private readonly readers: Spares<MessageReader> = new Spares(SPARE_READERS)
  private readonly writers: Spares<MessageWriter> = new Spares(SPARE_WRITERS)
  // The run that was begun last: the next connection is about to begin the same.
  private begun: FrameRun | null = null

  constructor({ role, limits, autoPong = true, platform, slab }: EndpointOptions) {
    this.role = role
    this.limits = limits
    this.autoPong = autoPong
    this.platform = platform
    this.slab = slab
  }

  /** A reader at rest, for one connection until it is given back. */
  lendReader(target: MessageTarget, codec: DeflateCodec | null): MessageReader {
    // RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server", "a server MUST NOT mask".
    const reader = this.readers.take() ?? new MessageReader(this.platform, this.limits, this.role === 'server')
    reader.serve(target, codec)
    return reader
  }

  /** Only one that is at rest. Others are left to the garbage collector. */
  takeBackReader(reader: MessageReader): void {
    reader.leave()
    this.readers.put(reader)
  }

  /** A writer at rest, for one connection until it is given back. */
  lendWriter(codec: DeflateCodec | null): MessageWriter {
    const writer = this.writers.take() ?? new MessageWriter(this.platform, this.slab, this.role === 'client')
    writer.codec = codec
    return writer
  }

  /** The run that begins with a prepared frame. */
  runOf(frame: Uint8Array): FrameRun {
    if (this.begun === null || !this.begun.isOnly(frame)) this.begun = new FrameRun(frame)
    return this.begun
  }

  /** Only one that is at rest. */
  takeBackWriter(writer: MessageWriter): void {
    writer.codec = null
    this.writers.put(writer)
  }
}
