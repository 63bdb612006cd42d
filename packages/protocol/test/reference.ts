// A receiver of RFC 6455 written to be read: it looks at the whole input at once and judges it rule by rule. The engine
// is held against it. Slow, no compression, no lifecycle beyond "stop at a close or a violation".

import type { ViolationId } from '../src/violation.ts'

export interface ReferenceLimits {
  readonly maxPayload: number
  readonly maxFragments: number
}

const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]

/** The events of `bytes` in the form of `told`; an unfinished frame counts as far as it has come. */
export function referenceEvents(bytes: Uint8Array, role: 'server' | 'client', limits: ReferenceLimits): string[] {
  const out: string[] = []
  let message: { text: boolean; payload: number[]; frames: number } | null = null
  let at = 0
  const fail = (id: ViolationId): string[] => [...out, `violation ${id}`]
  while (bytes.length - at >= 2) {
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    const fin = first >= 128
    const opcode = first % 16
    if ((first & 0b0011_0000) !== 0 || (first & 0b0100_0000) !== 0) return fail('rsv')
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) return fail('opcode')
    if (opcode >= 8 && !fin) return fail('control-fragmented')
    if (opcode === 0 && message === null) return fail('continuation-without-start')
    if ((opcode === 1 || opcode === 2) && message !== null) return fail('message-inside-message')
    const masked = second >= 128
    if (role === 'server' && !masked) return fail('mask-missing')
    if (role === 'client' && masked) return fail('mask-present')
    const code = second % 128
    if (opcode >= 8 && code > 125) return fail('control-too-long')
    const lengthBytes = code === 127 ? 8 : code === 126 ? 2 : 0
    const body = at + 2 + lengthBytes + (masked ? 4 : 0)
    if (bytes.length < body) break
    let length = BigInt(code)
    if (lengthBytes > 0) {
      length = 0n
      for (let i = 0; i < lengthBytes; i++) length = length * 256n + BigInt(bytes[at + 2 + i] as number)
      if (length >= 2n ** 63n) return fail('length-over-63-bits')
      if (length < (lengthBytes === 2 ? 126n : 65536n)) return fail('length-not-minimal')
    }
    const before = opcode < 8 && message !== null ? message.payload.length : 0
    if (opcode < 8 && BigInt(before) + length > BigInt(limits.maxPayload)) return fail('message-too-big')
    const have = Math.min(bytes.length - body, Number(length))
    const complete = BigInt(have) === length
    const payload: number[] = []
    for (let i = 0; i < have; i++) {
      const key = masked ? (bytes[body - 4 + (i % 4)] as number) : 0
      payload.push((bytes[body + i] as number) ^ key)
    }
    at = body + have
    if (opcode >= 8) {
      if (!complete) break
      const event = control(opcode, payload)
      out.push(event)
      if (opcode === 8) return out
      continue
    }
    // A frame of which no payload byte has come is not counted yet, unless it is empty.
    if (have > 0 || complete) {
      if (message === null) message = { text: opcode === 1, payload: [], frames: 0 }
      message.frames++
      if (message.frames > limits.maxFragments) return fail('too-many-fragments')
    } else break
    message.payload.push(...payload)
    if (message.text && !couldBeUtf8(message.payload, complete && fin)) return fail('text-utf8')
    if (!complete) break
    if (fin) {
      const whole = Buffer.from(message.payload)
      out.push(message.text ? `text ${JSON.stringify(whole.toString('utf8'))}` : `binary ${whole.toString('hex')}`)
      message = null
    }
  }
  return out
}

function control(opcode: number, payload: number[]): string {
  const hex = Buffer.from(payload).toString('hex')
  if (opcode === 9) return `ping ${hex}`
  if (opcode === 10) return `pong ${hex}`
  if (payload.length === 0) return 'close 1005 ""'
  if (payload.length === 1) return 'violation close-one-byte'
  const code = (payload[0] as number) * 256 + (payload[1] as number)
  if (!VALID_CODES.includes(code) && !(code >= 3000 && code <= 4999)) return 'violation close-code'
  const reason = payload.slice(2)
  if (!couldBeUtf8(reason, true)) return 'violation close-reason-utf8'
  return `close ${code} ${JSON.stringify(Buffer.from(reason).toString('utf8'))}`
}

/** RFC 3629 by the definition: decode each code point, refuse what a shorter form could say, surrogates, > 10FFFF. */
export function couldBeUtf8(bytes: readonly number[], whole: boolean): boolean {
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i] as number
    const length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0
    if (length === 0) return false
    const have = bytes.slice(i, i + length)
    if (have.slice(1).some((byte) => byte < 0x80 || byte > 0xbf)) return false
    // Of a code point cut off, the missing bits may still be anything: it lies between two values.
    const low = decode(have, length, 0x80)
    const high = decode(have, length, 0xbf)
    const least = [0, 0, 0x80, 0x800, 0x10000][length] as number
    if (high < least || low > 0x10ffff || (low >= 0xd800 && high <= 0xdfff)) return false
    if (have.length < length) return !whole
    i += length
  }
  return true
}

function decode(have: readonly number[], length: number, missing: number): number {
  let value = length === 1 ? (have[0] as number) : (have[0] as number) & (0x7f >> length)
  for (let i = 1; i < length; i++) value = value * 64 + ((have[i] ?? missing) & 0x3f)
  return value
}
