// The PROXY protocol header, versions 1 and 2 (haproxy.org, doc/proxy-protocol.txt, 2020/03/05), out of chunks of any size:
// who a proxy speaks for. It fails at the first byte that cannot belong to one, keeps no more than the addresses, and
// never reads behind the header: those bytes are the client's.

import { isIP } from 'node:net'

/** Whose connection it is. null: the proxy's own, or of a kind that has no address here. */
export type ProxySource = { readonly address: string; readonly port: number } | null

/** §2.2: "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A" */
const SIGNATURE: readonly number[] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
/** §2.1: "a 107-byte buffer is more than enough to store all the line", its CR LF included. */
const LONGEST_LINE = 107
const LINE_START: readonly number[] = Array.from(Buffer.from('PROXY '))
/** Signature, version and command, family, length. */
const FIXED = 16
/** §2.2: two addresses of version 6 and two ports; what lies behind are TLVs. */
const ADDRESSES = 36
const CR = 0x0d
const LF = 0x0a

/** Parses one header. One parser is for one connection. */
export class ProxyHeaderParser {
  private readonly bytes: Uint8Array = new Uint8Array(LONGEST_LINE)
  private length = 0
  /** Bytes of version 2 that are still to come, those that are not kept too; −1: not known yet. */
  private missing = -1
  private found: ProxySource | undefined = undefined
  private broken = false

  /** Undefined while it is not whole. */
  get source(): ProxySource | undefined {
    return this.found
  }

  get malformed(): boolean {
    return this.broken
  }

  /** @returns how many bytes belonged to the header; the rest is behind it */
  push(chunk: Uint8Array): number {
    let at = 0
    while (at < chunk.length && this.found === undefined && !this.broken) {
      if (this.missing >= 0) at += this.skip(chunk, at)
      else this.take(chunk[at++] as number)
    }
    return at
  }

  private take(byte: number): void {
    const { bytes, length } = this
    bytes[length] = byte
    this.length = length + 1
    if (bytes[0] === SIGNATURE[0]) this.takeBinary(byte, length)
    else this.takeText(byte, length)
  }

  private takeText(byte: number, at: number): void {
    if (at < LINE_START.length) {
      if (byte !== LINE_START[at]) this.broken = true
    } else if (byte === LF) {
      if (this.bytes[at - 1] === CR) this.finishText(at - 1)
      else this.broken = true
    } else if (this.bytes[at - 1] === CR || at + 1 === LONGEST_LINE) this.broken = true
  }

  /** §2.1: `PROXY TCP4 192.0.2.1 192.0.2.9 56324 443`, one space between them. */
  private finishText(end: number): void {
    const line = Buffer.from(this.bytes.buffer, 0, end).toString('latin1')
    const [, family, source = '', target = '', sourcePort = '', targetPort = '', ...more] = line.split(' ')
    // "the receiver must ignore anything presented before the CRLF is found".
    if (family === 'UNKNOWN') {
      this.found = null
      return
    }
    const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : -1
    const good =
      more.length === 0 &&
      isIP(source) === version &&
      isIP(target) === version &&
      isPort(sourcePort) &&
      isPort(targetPort) &&
      !line.includes('%')
    if (good) this.found = { address: source, port: Number(sourcePort) }
    else this.broken = true
  }

  private takeBinary(byte: number, at: number): void {
    if (at < SIGNATURE.length) {
      if (byte !== SIGNATURE[at]) this.broken = true
    } else if (at === 12) {
      // "The highest four bits contains the version", 2; the lowest the command: LOCAL 0, PROXY 1.
      if (byte !== 0x20 && byte !== 0x21) this.broken = true
    } else if (at === 13) {
      // Address family 0 to 3 (AF_UNIX), transport 0 to 2 (datagram).
      if (byte >> 4 > 3 || (byte & 15) > 2) this.broken = true
    } else if (at === FIXED - 1) this.beginBody()
  }

  private beginBody(): void {
    const { bytes } = this
    this.missing = ((bytes[14] as number) << 8) | (bytes[15] as number)
    // "If the announced length is less than … the receiver must" have nothing to read there.
    if (this.missing < this.addressLength) this.broken = true
    else if (this.missing === 0) this.finishBinary()
  }

  /** Bytes of addresses and ports that are of use here: over TCP, of somebody else. */
  private get addressLength(): number {
    const { bytes } = this
    if (bytes[12] === 0x20) return 0
    return bytes[13] === 0x11 ? 12 : bytes[13] === 0x21 ? ADDRESSES : 0
  }

  private skip(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.missing, chunk.length - at)
    const wanted = Math.min(count, Math.max(0, FIXED + this.addressLength - this.length))
    this.bytes.set(chunk.subarray(at, at + wanted), this.length)
    this.length += wanted
    this.missing -= count
    if (this.missing === 0) this.finishBinary()
    return count
  }

  private finishBinary(): void {
    const view = new DataView(this.bytes.buffer)
    const length = this.addressLength
    if (length === 0) this.found = null
    else if (length === 12) {
      this.found = { address: this.bytes.subarray(FIXED, FIXED + 4).join('.'), port: view.getUint16(FIXED + 8) }
    } else {
      const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(FIXED + 2 * i).toString(16))
      this.found = { address: groups.join(':'), port: view.getUint16(FIXED + 32) }
    }
  }
}

/** §2.1: "a decimal … no leading zero". */
function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}
