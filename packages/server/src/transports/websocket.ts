// The WebSocket transport: a session is a connection of the engine. It knows frames and backpressure, not messages.

import {
  type PreparedMessage,
  prepare,
  type SendStatus,
  SharedDeflate,
  type Socket,
  type UpgradeRequest,
  ViolationError,
} from '@tautline/websocket'
import { type Codec, type Encoded, jsonCodec } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Visit } from '../admission/door.ts'
import { Frame, type FrameStream, type Link, type LinkEvents, type LinkRequest } from '../link.ts'

/** By subprotocol, in the server's order of preference. */
const CODECS: ReadonlyMap<string, Codec> = new Map([jsonCodec, msgpackCodec].map((codec) => [codec.subprotocol, codec]))

export const SUBPROTOCOLS: readonly string[] = [...CODECS.keys()]

/** So much may wait in the engine before the session is told to wait. */
const BEHIND = 262_144
/** What one connection alone is told is never compressed: it would stand in the window of what others can guess. */
const PERSONAL = Object.freeze({ compress: false })
/** RFC 6455 §5.5: a control frame carries 125 bytes, two of them the code. */
const REASON_BYTES = 123

/** One connection of the engine as a link. */
export class WebSocketLink implements Link {
  readonly codec: Codec
  private readonly carrier: Socket
  private events: LinkEvents | null = null
  private readonly visit: Pick<Visit, 'gone' | 'failed'> | null
  private waiting = false

  /** @param visit hears when nothing is left of the connection, also where no session was made of it */
  constructor(carrier: Socket, visit: Pick<Visit, 'gone' | 'failed'> | null = null) {
    this.carrier = carrier
    this.visit = visit
    carrier.data = this
    carrier.onclose = onClose
    // Who names no subprotocol gets the one that can be read in a browser's tools.
    this.codec = CODECS.get(carrier.subprotocol) ?? jsonCodec
  }

  get remoteAddress(): string | undefined {
    return this.carrier.remoteAddress
  }

  get buffered(): number {
    return this.carrier.bufferedAmount
  }

  open(events: LinkEvents): void {
    const { carrier } = this
    this.events = events
    carrier.onmessage = onMessage
    carrier.ondrain = onDrain
    carrier.onerror = onError
    carrier.onping = onPing
  }

  /** What still arrives behind our close frame is not for the session any more. */
  message(data: string | Buffer): void {
    if (this.carrier.state === 'open') this.events?.frame(data)
  }

  ping(): void {
    if (this.carrier.state === 'open') this.events?.ping?.()
  }

  /** `closed` follows: that is all a session has to know. */
  failed(error: Error): void {
    if (error instanceof ViolationError) this.visit?.failed()
  }

  closed(code: number): void {
    const { events } = this
    this.events = null
    this.visit?.gone()
    events?.closed(code === 1000)
  }

  send(frame: Frame | Encoded): boolean {
    const { carrier } = this
    const status = frame instanceof Frame ? carrier.send(preparedOf(frame)) : carrier.send(frame, PERSONAL)
    if (status !== 'queued' && carrier.bufferedAmount < BEHIND) return true
    this.wait(status)
    return false
  }

  close(code: number, reason: string): void {
    this.carrier.resume()
    this.carrier.close(code, truncate(reason))
  }

  cut(): void {
    this.carrier.terminate()
  }

  pause(): void {
    this.carrier.pause()
  }

  resume(): void {
    this.carrier.resume()
  }

  /** Sees to it that `drained` is told. Apart from `send`, which makes no closure for the many that need not wait. */
  private wait(status: SendStatus): void {
    if (this.waiting) return
    this.waiting = true
    // All of it goes out with this turn, if the kernel takes it: until then more would only pile up here.
    if (status !== 'queued') this.carrier.whenWritten(() => this.drained())
  }

  drained(): void {
    if (!this.waiting) return
    this.waiting = false
    this.events?.drained()
  }
}

/** What is known of a client from its handshake. */
export function linkRequestOf(
  request: UpgradeRequest,
  remoteAddress: string | undefined = request.remoteAddress,
): LinkRequest {
  const { headers, origin, target, secure } = request
  return { headers, remoteAddress, origin, target, secure }
}

// The same functions for all connections: a socket carries its link.

function onMessage(this: Socket, data: string | Buffer): void {
  linkOf(this).message(data)
}

function onDrain(this: Socket): void {
  linkOf(this).drained()
}

function onPing(this: Socket): void {
  linkOf(this).ping()
}

function onError(this: Socket, error: Error): void {
  linkOf(this).failed(error)
}

function onClose(this: Socket, code: number): void {
  linkOf(this).closed(code)
}

function linkOf(socket: Socket): WebSocketLink {
  return socket.data as WebSocketLink
}

function preparedOf(frame: Frame): PreparedMessage {
  frame.form ??=
    frame.stream === null ? prepare(frame.encoded, { compress: frame.compress }) : unitOf(frame.encoded, frame.stream)
  return frame.form as PreparedMessage
}

/** The stream's next message. */
function unitOf(encoded: Encoded, stream: FrameStream): PreparedMessage {
  stream.form ??= new SharedDeflate(stream.sharing)
  return (stream.form as SharedDeflate).prepare(encoded)
}

function truncate(reason: string): string {
  const bytes = new TextEncoder().encode(reason)
  if (bytes.length <= REASON_BYTES) return reason
  return new TextDecoder().decode(bytes.subarray(0, REASON_BYTES)).replace(/\uFFFD+$/, '')
}
