/**
 * Builds any WebSocket frame, legal or not, and reads frames slowly and plainly (RFC 6455 §5.2).
 * The reader is the reference the engine is compared with: it never judges, it reports what is on the wire.
 */

/** What goes into one frame; what is left out is the legal default. */
export interface FrameSpec {
  /** 4 bits. */
  readonly opcode: number
  /** Text is encoded as UTF-8. Default: empty. */
  readonly payload?: Uint8Array | string
  /** Default: true. */
  readonly fin?: boolean
  /** Three bits: 4 = RSV1, 2 = RSV2, 1 = RSV3. Default: 0. */
  readonly rsv?: number
  /** true: with the mask 37 fa 21 3d; or the four bytes to mask with. Default: false. */
  readonly mask?: boolean | Uint8Array
  /** Bits of the length field, minimal or not. Default: the minimal form of the declared length. */
  readonly lengthForm?: 7 | 16 | 64
  /** What the length field says, if not the truth. */
  readonly declared?: number | bigint
}

/** One frame as it was on the wire; `payload` is unmasked. */
export interface WireFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly masked: boolean
  readonly lengthForm: 7 | 16 | 64
  readonly payload: Buffer
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

function bytesOf(payload: Uint8Array | string | undefined): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload, 'utf8') : (payload ?? Buffer.alloc(0))
}

function minimalForm(length: bigint): 7 | 16 | 64 {
  if (length < 126n) return 7
  return length < 65536n ? 16 : 64
}

function lengthField(spec: FrameSpec, length: number): Buffer {
  const declared = BigInt(spec.declared ?? length)
  const form = spec.lengthForm ?? minimalForm(declared)
  const marked = spec.mask === undefined || spec.mask === false ? 0 : 0x80
  if (form === 7) return Buffer.from([marked | Number(declared)])
  const field = Buffer.alloc(form === 16 ? 3 : 9)
  field[0] = marked | (form === 16 ? 126 : 127)
  if (form === 16) field.writeUInt16BE(Number(declared), 1)
  else field.writeBigUInt64BE(declared, 1)
  return field
}

/** The bytes of one frame, owned by the caller. */
export function buildFrame(spec: FrameSpec): Buffer {
  const payload = bytesOf(spec.payload)
  const first = Buffer.from([((spec.fin ?? true) ? 0x80 : 0) | ((spec.rsv ?? 0) << 4) | spec.opcode])
  const head = Buffer.concat([first, lengthField(spec, payload.length)])
  if (spec.mask === undefined || spec.mask === false) return Buffer.concat([head, payload])
  const mask = spec.mask === true ? MASK : spec.mask
  const masked = Buffer.from(payload)
  for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] as number) ^ (mask[i & 3] as number)
  return Buffer.concat([head, mask, masked])
}

/** Several frames behind one another. */
export function buildFrames(...specs: readonly FrameSpec[]): Buffer {
  return Buffer.concat(specs.map(buildFrame))
}

/** The payload of a close frame: code and reason, legal or not (RFC 6455 §5.5.1). */
export function closePayload(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), bytesOf(reason)])
}

/** Reads frames out of chunks, one plain step after another; a frame is copied once when it is complete. */
export class NaiveFrameReader {
  #chunks: Uint8Array[] = []
  #size = 0
  #needed = 2

  /** Bytes held of a frame that is not complete yet. */
  get pending(): number {
    return this.#size
  }

  /** Takes a chunk; returns the frames that are complete with it. The chunk must not be changed before they are. */
  push(chunk: Uint8Array): WireFrame[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const out: WireFrame[] = []
    while (this.#size >= this.#needed) {
      if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
      const whole = Buffer.from(this.#chunks[0] as Uint8Array)
      let at = 0
      for (;;) {
        const step = readFrame(whole, at)
        if (typeof step === 'number') {
          this.#needed = step
          break
        }
        out.push(step.frame)
        at = step.end
      }
      this.#chunks = [whole.subarray(at)]
      this.#size = whole.length - at
    }
    return out
  }
}

/** One frame at `at`, or how many bytes from `at` on are needed at least to go on. */
function readFrame(bytes: Buffer, at: number): { frame: WireFrame; end: number } | number {
  const have = bytes.length - at
  if (have < 2) return 2
  const first = bytes[at] as number
  const second = bytes[at + 1] as number
  const masked = (second & 0x80) !== 0
  const short = second & 0x7f
  const lengthForm = short === 127 ? 64 : short === 126 ? 16 : 7
  const headLength = 2 + (lengthForm === 64 ? 8 : lengthForm === 16 ? 2 : 0) + (masked ? 4 : 0)
  if (have < headLength) return headLength
  let length = short
  if (lengthForm === 16) length = bytes.readUInt16BE(at + 2)
  if (lengthForm === 64) length = Number(bytes.readBigUInt64BE(at + 2))
  if (have < headLength + length) return headLength + length
  const start = at + headLength
  const payload = Buffer.from(bytes.subarray(start, start + length))
  if (masked) {
    const mask = bytes.subarray(start - 4, start)
    for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number)
  }
  const frame: WireFrame = {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 15,
    masked,
    lengthForm,
    payload,
  }
  return { frame, end: start + length }
}

/** Every complete frame in `bytes`, and what is left behind the last one. */
export function parseFrames(bytes: Uint8Array): { frames: WireFrame[]; rest: Uint8Array } {
  const whole = Buffer.from(bytes)
  const frames: WireFrame[] = []
  let at = 0
  for (;;) {
    const step = readFrame(whole, at)
    if (typeof step === 'number') return { frames, rest: whole.subarray(at) }
    frames.push(step.frame)
    at = step.end
  }
}
