// The receiving end of permessage-deflate, in the turn in which a frame arrives: zlib with what was compressed before as its
// dictionary. (Persistent zlib streams answer later; the engine's suites hold it against those.)

import { constants, inflateRawSync } from 'node:zlib'

const TAIL = Buffer.from([0, 0, 0xff, 0xff])
const WINDOW = 32_768

export class PeerWindow {
  #text: Buffer

  constructor() {
    this.#text = Buffer.alloc(0)
  }

  /** The plain bytes of a compressed message. @throws zlib's error */
  inflate(payload: Uint8Array): Buffer {
    const dictionary = this.#text.length === 0 ? {} : { dictionary: this.#text }
    const plain = inflateRawSync(Buffer.concat([payload, TAIL]), {
      ...dictionary,
      finishFlush: constants.Z_SYNC_FLUSH,
    })
    this.#text = Buffer.concat([this.#text, plain]).subarray(-WINDOW)
    return plain
  }
}
