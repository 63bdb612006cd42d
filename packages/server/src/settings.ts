// Reads the options of createRealtime before anything is made of them. What cannot be meant is refused with the option's
// name, the value and what to write instead. The rules of channels are read by rules/read.ts.

import { LIMITS, type Limits } from '@tautline/wire'
import { readAdmission } from './admission/options.ts'
import { parseDuration } from './duration.ts'
import type { RealtimeOptions } from './options.ts'
import { readOrigins } from './origins/settings.ts'
import { readFlag, readInteger, readObject, SettingError, shown } from './rules/settings.ts'
import type { RealtimeCompression } from './sharing.ts'

const OPTIONS = [
  'channels',
  'allow',
  'contract',
  'broker',
  'presence',
  'path',
  'origins',
  'cookies',
  'admission',
  'compression',
  'limits',
  'heartbeat',
  'window',
  'node',
  'clock',
  'random',
  'log',
] as const satisfies readonly (keyof RealtimeOptions)[]

const LIMIT_NAMES = Object.keys(LIMITS) as (keyof Limits)[]
/** No timer lasts longer. */
const LONGEST = 2_147_483_647
const DAY = 86_400_000

/** Bounds of a limit that are not 1 and 2^31 − 1, each for a reason of the protocol. */
const RANGES: Readonly<Partial<Record<keyof Limits, readonly [low: number, high: number]>>> = {
  // A `connect` with the longest token goes into less, one that resumes does not.
  frame: [1_024, LONGEST],
  // A position in `resume` lies four levels deep; clients read 128 levels, and a page of history adds five.
  depth: [8, 120],
  keys: [64, LONGEST],
  // tautline.v1 §12: no name is longer.
  name: [1, 128],
  // Ids of clients and entries have 22 characters and more.
  key: [32, 256],
  epoch: [32, 1_024],
  wait: [1, LONGEST],
}

/** What of an object's methods tells that it is what it should be. */
const BROKER = ['facts', 'append', 'read', 'back', 'heads', 'attach'] as const
const PRESENCE = ['renew', 'join', 'leave', 'list', 'digests'] as const
const CLOCK = ['now', 'wall', 'setTimer', 'clearTimer', 'defer'] as const
const RANDOM = ['bytes', 'unit'] as const

/**
 * Checks the options of a server.
 *
 * @returns them, without what is `undefined` among limits and heartbeat
 * @throws SettingError naming the option, the value and what to write instead
 */
export function readOptions(options: RealtimeOptions): RealtimeOptions {
  const given = readObject('createRealtime()', options, OPTIONS)
  readPath(given.path)
  readOrigins(given.origins, given.cookies)
  readNode(given.node)
  readPart('broker', given.broker, BROKER, 'new MemoryBroker()')
  readPart('presence', given.presence, PRESENCE, 'new MemoryPresence()')
  readPart('clock', given.clock, CLOCK, 'systemClock')
  readPart('random', given.random, RANDOM, 'systemRandom')
  readCompression(given.compression)
  readAdmission(given.admission)
  readMs('window', given.window, 1_000, 30 * DAY)
  if (given.log !== undefined && typeof given.log !== 'function') {
    throw new SettingError('log', `must be a function (event, fields) => void, not ${shown(given.log)}`)
  }
  return { ...options, limits: readLimits(given.limits ?? {}), heartbeat: readHeartbeat(given.heartbeat ?? {}) }
}

function readLimits(value: unknown): Partial<Limits> {
  const given = readObject('limits', value, LIMIT_NAMES)
  const limits: Partial<Record<keyof Limits, number>> = {}
  for (const name of LIMIT_NAMES) {
    if (given[name] === undefined) continue
    const [low, high] = RANGES[name] ?? [1, LONGEST]
    limits[name] = readInteger(`limits.${name}`, given[name], low, high, LIMITS[name])
  }
  const { frame = LIMITS.frame, body = LIMITS.body } = limits
  if (body > frame) {
    throw new SettingError('limits.body', `is ${body}, more than limits.frame (${frame}): no frame carries such a body`)
  }
  return limits
}

function readHeartbeat(value: unknown): NonNullable<RealtimeOptions['heartbeat']> {
  const given = readObject('heartbeat', value, ['every', 'timeout'])
  const every = readMs('heartbeat.every', given.every, 2_000, LONGEST)
  const timeout = readMs('heartbeat.timeout', given.timeout, 2_000, LONGEST)
  return { ...(every === undefined ? null : { every }), ...(timeout === undefined ? null : { timeout }) }
}

/** Whole ms. Seconds, and texts like '25s', are what people write first. */
function readMs(path: string, value: unknown, low: number, high: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value
  const meant = typeof value === 'string' ? parseDuration(value) : Number(value) * 1_000
  const hint = meant !== null && meant >= low && meant <= high ? `: write ${meant}` : ''
  throw new SettingError(path, `must be a whole number of ms from ${low} to ${high}, not ${shown(value)}${hint}`)
}

function readPath(path: unknown): void {
  if (path === undefined) return
  if (typeof path !== 'string' || path === '') {
    throw new SettingError('path', `must be a path such as '/realtime', not ${shown(path)}`)
  }
  if (/^[a-z]+:\/\//i.test(path)) {
    throw new SettingError('path', `must be the path alone, without scheme and host, not ${shown(path)}`)
  }
  if (!path.startsWith('/')) throw new SettingError('path', `must begin with '/': write ${shown(`/${path}`)}`)
  // What a request's target is compared with has neither query nor fragment, and is written in ASCII.
  if (!/^[!-~]+$/.test(path) || /[?#]/.test(path)) {
    throw new SettingError('path', `must be printable ASCII without '?', '#' and space, not ${shown(path)}`)
  }
}

/** A node's name stands before '~' in the names of connections, and '*' addresses all nodes. */
function readNode(node: unknown): void {
  if (node === undefined || (typeof node === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(node))) return
  const meant = typeof node === 'string' ? node.replace(/[^A-Za-z0-9._:-]+/g, '-').slice(0, 64) : ''
  const hint = meant === '' ? '' : `: write ${shown(meant)}`
  throw new SettingError('node', `must be 1 to 64 letters, digits and . _ : -, not ${shown(node)}${hint}`)
}

const COMPRESSION = [
  'shared',
  'sharedFrom',
  'level',
  'memLevel',
  'serverMaxWindowBits',
  'clientMaxWindowBits',
  'serverNoContextTakeover',
  'clientNoContextTakeover',
] as const satisfies readonly (keyof RealtimeCompression)[]

function readCompression(compression: unknown): void {
  if (compression === undefined || typeof compression === 'boolean') return
  if (typeof compression !== 'object' || compression === null || Array.isArray(compression)) {
    throw new SettingError('compression', `must be true, false or an object, not ${shown(compression)}`)
  }
  const given = readObject('compression', compression, COMPRESSION)
  const shared = readFlag('compression.shared', given.shared, false)
  if (given.sharedFrom !== undefined && !shared) {
    throw new SettingError('compression.sharedFrom', 'has no meaning without shared: true')
  }
  readInteger('compression.sharedFrom', given.sharedFrom, 1, LONGEST, 50)
  readInteger('compression.level', given.level, 0, 9, 6)
  readInteger('compression.memLevel', given.memLevel, 1, 9, 8)
  for (const name of ['serverMaxWindowBits', 'clientMaxWindowBits'] as const) {
    readInteger(`compression.${name}`, given[name], 8, 15, 15)
  }
  for (const name of ['serverNoContextTakeover', 'clientNoContextTakeover'] as const) {
    const said = readFlag(`compression.${name}`, given[name], true)
    if (!shared || given[name] === undefined || said === (name === 'clientNoContextTakeover')) continue
    throw new SettingError(`compression.${name}`, 'is decided by shared: leave it out')
  }
}

function readPart(path: string, value: unknown, methods: readonly string[], example: string): void {
  if (value === undefined) return
  if (value instanceof Promise) throw new SettingError(path, 'is a promise: await it first')
  if (typeof value === 'function') throw new SettingError(path, `is a function or a class: write ${example}`)
  const missing = methods.find((name) => typeof (value as Record<string, unknown> | null)?.[name] !== 'function')
  if (missing === undefined) return
  const what = typeof value === 'object' && value !== null ? `has no method ${missing}()` : `is ${shown(value)}`
  throw new SettingError(path, `${what}: it must be an object such as ${example}`)
}
