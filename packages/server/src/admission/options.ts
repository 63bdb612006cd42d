// What a server lets in, and when it stops: the options, what they are where nothing is said, and how they are read.

import { isIP } from 'node:net'
import { parseDuration } from '../duration.ts'
import { readInteger, readObject, readWord, SettingError, shown } from '../rules/settings.ts'

/** Who gets in, and how fast. Every limit has a default, a metric and an answer that says when to come back. */
export interface AdmissionOptions {
  /** Open connections of this node. More are answered 503. Default 18,000: files per process end at 20,000 on many systems. */
  readonly connections?: number
  /** Open connections of one user on this node. One more is refused with 4403. Default 100. */
  readonly perUser?: number
  /** Open connections from one address (an IPv6 /64 counts as one). More are answered 429. Default 1,000. */
  readonly perAddress?: number
  /** Handshakes a second, of all clients; more are answered 503. Default 2,000, and as many at once. */
  readonly acceptRate?: number
  /** Handshakes a second from one address, behind `perAddress` of them at once; more are answered 429. Default 100. */
  readonly addressRate?: number
  /** Handshakes and connects from one address that may fail within a minute, before it is answered 429. Default 100. */
  readonly failures?: number
  /**
   * Messages a second of one connection, twice as many at once. Over it commands are refused with `rate`; whoever goes on
   * is closed with 1008. Default 1,000.
   */
  readonly messageRate?: number
  /** Subscribes and unsubscribes a second of one connection, behind 1,000 at once; then as for messages. Default 100. */
  readonly subscribeRate?: number
  /** Bytes a second that are read from one connection; over it the network holds the client back. Default 4 MiB. */
  readonly byteRate?: number
  /** Bytes that wait for one connection that does not read, over which it is ended (4002). Default 4 MiB. */
  readonly outboxBytes?: number
  /** ms for which the oldest of these bytes may wait, before it is ended (4002). Default 30,000. */
  readonly outboxAge?: number
  /** ms from the first byte of a message to its last; who takes longer is cut. Default 30,000. */
  readonly messageTimeout?: number
  /** ms until a handshake is whole (408), and again until `connect` is answered (4005). Default 10,000. */
  readonly handshakeTimeout?: number
  /** Bytes of resident memory over which nobody new is let in (503). Default: 80 % of what the process may have. */
  readonly memory?: number
  /** ms that the event loop may be late, three times in a row, before nobody new is let in (503). Default 200. */
  readonly lag?: number
  /**
   * Proxies that are believed who they speak for, as addresses or networks (`10.0.0.0/8`). Default: none, the address of
   * a client is that of its connection.
   */
  readonly trustedProxies?: readonly string[]
  /**
   * What these proxies write. Only one of the two is looked at: most proxies pass the other one on as the client wrote it.
   * Default 'x-forwarded-for'; 'forwarded' is RFC 7239.
   */
  readonly forwardedHeader?: 'x-forwarded-for' | 'forwarded'
  /**
   * Connections from these addresses begin with a PROXY protocol header (v1 or v2), as HAProxy and network load balancers
   * write it; with `listen` only. Default: none.
   */
  readonly proxyProtocol?: readonly string[]
}

/** All of them, as they hold. */
export type AdmissionSettings = Required<Omit<AdmissionOptions, 'memory'>> & { readonly memory: number | null }

/** What holds where nothing is said. `memory`: it is worked out from the machine. */
export const ADMISSION: AdmissionSettings = Object.freeze({
  connections: 18_000,
  perUser: 100,
  perAddress: 1_000,
  acceptRate: 2_000,
  addressRate: 100,
  failures: 100,
  messageRate: 1_000,
  subscribeRate: 100,
  byteRate: 4_194_304,
  outboxBytes: 4_194_304,
  outboxAge: 30_000,
  messageTimeout: 30_000,
  handshakeTimeout: 10_000,
  memory: null,
  lag: 200,
  trustedProxies: Object.freeze([]),
  forwardedHeader: 'x-forwarded-for',
  proxyProtocol: Object.freeze([]),
})

type NumberName = Exclude<keyof AdmissionOptions, 'trustedProxies' | 'forwardedHeader' | 'proxyProtocol'>

const MOST = 2_147_483_647
const MOST_MEMORY = Number.MAX_SAFE_INTEGER
/** What each number may be, each end for a reason. */
const RANGES: Readonly<Record<NumberName, readonly [low: number, high: number, unit?: 'ms' | 'bytes']>> = {
  connections: [1, MOST],
  perUser: [1, MOST],
  perAddress: [1, MOST],
  acceptRate: [1, 1_000_000],
  addressRate: [1, 1_000_000],
  failures: [1, MOST],
  messageRate: [1, 10_000_000],
  subscribeRate: [1, 10_000_000],
  // Slower than this, one large frame would hold a connection still until its heartbeat is missed.
  byteRate: [65_536, MOST, 'bytes'],
  // Less would end connections that the policies of their subscriptions keep (they begin at 256 KiB).
  outboxBytes: [524_288, MOST, 'bytes'],
  // The heartbeat looks once a second, and pressure begins after two.
  outboxAge: [3_000, MOST, 'ms'],
  messageTimeout: [1_000, 600_000, 'ms'],
  handshakeTimeout: [100, 600_000, 'ms'],
  // A Node process that does nothing has 50 MB.
  memory: [67_108_864, MOST_MEMORY, 'bytes'],
  lag: [20, 60_000, 'ms'],
}

const NAMES = Object.keys(ADMISSION) as (keyof AdmissionOptions)[]

/**
 * Reads what an application said of admission.
 *
 * @throws SettingError naming the option, the value and what to write instead
 */
export function readAdmission(value: unknown = {}): AdmissionSettings {
  const given = readObject('admission', value, NAMES)
  const read: Record<string, unknown> = { ...ADMISSION }
  for (const name of Object.keys(RANGES) as NumberName[]) {
    if (given[name] !== undefined) read[name] = readNumber(`admission.${name}`, given[name], RANGES[name])
  }
  for (const name of ['trustedProxies', 'proxyProtocol'] as const) {
    if (given[name] !== undefined) read[name] = readNetworks(`admission.${name}`, given[name])
  }
  read['forwardedHeader'] = readWord(
    'admission.forwardedHeader',
    typeof given.forwardedHeader === 'string' ? given.forwardedHeader.toLowerCase() : given.forwardedHeader,
    ['x-forwarded-for', 'forwarded'],
    ADMISSION.forwardedHeader,
  )
  return Object.freeze(read) as unknown as AdmissionSettings
}

/** A whole number, where '10s' and '16 MiB' are what people write first. */
function readNumber(path: string, value: unknown, [low, high, unit]: (typeof RANGES)[NumberName]): number {
  if (value === Number.POSITIVE_INFINITY) throw new SettingError(path, `must have an end: write ${high} for none`)
  const meant = unit === undefined || typeof value !== 'string' ? null : meaningOf(value, unit)
  if (meant === null || meant < low || meant > high) return readInteger(path, value, low, high, low)
  throw new SettingError(path, `must be a whole number of ${unit}, not ${shown(value)}: write ${meant}`)
}

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1_000,
  m: 1_000_000,
  g: 1e9,
  ki: 1_024,
  mi: 1_048_576,
  gi: 2 ** 30,
}

function meaningOf(text: string, unit: 'ms' | 'bytes'): number | null {
  if (unit === 'ms') return parseDuration(text)
  const [, amount, size = ''] = /^(\d{1,12})\s?([kmg]i?)?b?$/i.exec(text) ?? []
  return amount === undefined ? null : Number(amount) * (SIZES[size.toLowerCase()] as number)
}

/** Addresses and networks: '10.0.0.1', '10.0.0.0/8', '2001:db8::/32'. */
function readNetworks(path: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const hint = typeof value === 'string' ? `: write [${shown(value)}]` : ''
    throw new SettingError(path, `must be a list of addresses and networks, not ${shown(value)}${hint}`)
  }
  value.forEach((one: unknown, i) => {
    const problem = typeof one === 'string' ? networkProblem(one) : ''
    if (problem === null) return
    throw new SettingError(
      `${path}[${i}]`,
      `must be an address such as '10.0.0.1' or a network such as '10.0.0.0/8', not ${shown(one)}${problem}`,
    )
  })
  return Object.freeze([...value])
}

function networkProblem(text: string): string | null {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const most = family === 4 ? 32 : 128
  if (family !== 0 && !address.includes('%') && more.length === 0) {
    if (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)) return null
    return `: a prefix has 0 to ${most} bits`
  }
  if (text === '*' || text === 'any') return `: write '0.0.0.0/0' and '::/0' where every peer is a proxy`
  if (text === 'localhost' || text === 'loopback') return `: write '127.0.0.0/8' and '::1'`
  const [, host] = /^\[?([0-9a-f.:]+?)\]?(?::\d{1,5})?$/i.exec(text) ?? []
  return host !== undefined && isIP(host) !== 0 ? `: write '${host}'` : ''
}
