// The contract of a transport: one client's connection as a session sees it. A session never knows what carries its
// frames; a transport never knows what they say.

import type { Codec, Encoded } from '@tautline/wire'
import type { Sharing } from './sharing.ts'

/** The frames of a channel and a codec that go to all who hear it, in order: each may be compressed as a sequel to the last. */
export class FrameStream {
  readonly sharing: Sharing
  /** What a transport made of it; the transport's own. */
  form: { close(): void } | null = null

  constructor(sharing: Sharing) {
    this.sharing = sharing
  }

  close(): void {
    this.form?.close()
    this.form = null
  }
}

/** A frame that goes to many: encoded once, and given its transport's form once. */
export class Frame {
  readonly encoded: Encoded
  /** Bytes of its payload on the wire. */
  readonly size: number
  /** null: it stands alone. */
  readonly stream: FrameStream | null
  /** May it be compressed, where it stands alone? */
  compress = false
  /** What a transport made of it (a WebSocket's prepared message); the transport's own. */
  form: unknown = null

  constructor(encoded: Encoded, size: number, stream: FrameStream | null = null) {
    this.encoded = encoded
    this.size = size
    this.stream = stream
  }
}

/** What a session hears from its link. Called synchronously, one at a time, `closed` last and exactly once. */
export interface LinkEvents {
  /** One frame, as text or bytes after the link's codec. Not called while paused. */
  frame(frame: string | Uint8Array): void
  /** After `send` answered false: the link takes more. */
  drained(): void
  /** A sign of life that the transport has answered itself, but that costs as much as a message. */
  ping?(): void
  /** `clean`: the client said goodbye itself (1000); else it may be back in a moment. */
  closed(clean?: boolean): void
}

/** One open connection. */
export interface Link {
  readonly codec: Codec
  readonly remoteAddress: string | undefined
  /** Bytes given to the link that the network has not taken yet. */
  readonly buffered: number
  /** Once, in the turn in which the link is handed over. */
  open(events: LinkEvents): void
  /**
   * Sends one frame, in order. A `Frame` is shared, and may be compressed for many as it says; an `Encoded` is personal
   * and is never compressed.
   *
   * @returns false: the network is behind; better wait for `drained` (the frame itself was taken)
   */
  send(frame: Frame | Encoded): boolean
  /** Starts the closing handshake. What was sent before goes out first. Nothing is heard after it but `closed`. */
  close(code: number, reason: string): void
  /** Cuts at once. */
  cut(): void
  /** Stops hearing frames, so that the network holds the client back. */
  pause(): void
  resume(): void
}

/** What is known of a client before it has said a word. */
export interface LinkRequest {
  /** Header fields by lower-case name; several of one name are joined by ', '. */
  readonly headers: { get(name: string): string | undefined }
  readonly remoteAddress: string | undefined
  /** The Origin of a browser's page. */
  readonly origin: string | undefined
  /** The path with its query. */
  readonly target: string
  readonly secure: boolean
}
