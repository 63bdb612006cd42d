// The streams of one channel or pattern, in which what goes to all its subscribers is compressed with what went before it:
// one for each codec. They are there while enough subscribe for it to be worth their CPU.

import type { Codec } from '@tautline/wire'
import { Frame, FrameStream } from '../link.ts'
import type { Sharing } from '../sharing.ts'

export class Streams {
  private readonly sharing: Sharing
  private json: FrameStream | null = null
  private msgpack: FrameStream | null = null

  constructor(sharing: Sharing) {
    this.sharing = sharing
  }

  /** The next frame for those who speak a codec. */
  next({ encoded, size }: Frame, codec: Codec): Frame {
    return new Frame(encoded, size, this.of(codec))
  }

  /** Whoever follows them gets everything as it is from now on. */
  close(): void {
    this.json?.close()
    this.msgpack?.close()
    this.json = null
    this.msgpack = null
  }

  private of(codec: Codec): FrameStream {
    if (codec.name === 'json') {
      this.json ??= new FrameStream(this.sharing)
      return this.json
    }
    this.msgpack ??= new FrameStream(this.sharing)
    return this.msgpack
  }
}
