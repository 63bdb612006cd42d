// Turns the configuration of channels into rules in force: defaults filled in, every value checked.

import type { LogRule } from '@tautline/broker'
import { checkChannel, checkPattern, isPattern, type Policy } from '@tautline/wire'
import { type Requirement, readAllowByAction } from './allow.ts'
import type { Rule } from './rules.ts'
import { readDuration, readFlag, readInteger, readObject, readWord, SettingError, shown } from './settings.ts'

const KEYS = ['history', 'log', 'presence', 'joinLeave', 'policy', 'allow', 'from', 'compress', 'recovery'] as const
const FROM = ['none', 'user', 'peer', 'both'] as const
const POLICIES = ['lossless', 'latest', 'disconnect'] as const
/** Stands for the id of the user who asks. */
const USER = '$user'
const OWNERS: Requirement = Object.freeze(['users'] as const)
const MANY = 1_000_000
const TEN_YEARS = 3_650 * 86_400_000
const GIB = 2 ** 30

/** What `lossless` means where nothing is stored (tautline.v1 §8). */
export const EPHEMERAL_POLICY: Policy = Object.freeze({ drop: 100 })

export interface RuleDefaults {
  /** The idempotency window, ms. */
  readonly window: number
  readonly allow: Requirement
}

/** @throws SettingError */
export function readRules(channels: unknown, defaults: RuleDefaults): Rule[] {
  if (typeof channels !== 'object' || channels === null || Array.isArray(channels)) {
    throw new SettingError('channels', `must be an object of rules by pattern, not ${shown(channels)}`)
  }
  return Object.entries(channels).map(([pattern, rule]) => readRule(pattern, rule, defaults))
}

function readRule(written: string, value: unknown, { window, allow }: RuleDefaults): Rule {
  const path = `channels[${shown(written)}]`
  const segments = written.split(':')
  const owner = segments.flatMap((segment, i) => (segment === USER ? [i] : []))
  const pattern = segments.map((segment) => (segment === USER ? '*' : segment)).join(':')
  const wrong = isPattern(pattern) ? checkPattern(pattern) : checkChannel(pattern)
  if (wrong !== null) throw new SettingError(path, `is neither a pattern nor a channel name: it ${wrong}`)
  const given = readObject(path, value, KEYS)
  const log = readLog(path, given, window)
  const presence = readFlag(`${path}.presence`, given.presence, false)
  const joinLeave = readFlag(`${path}.joinLeave`, given.joinLeave, presence)
  if (joinLeave && !presence) {
    throw new SettingError(`${path}.joinLeave`, `needs presence: write presence: true, or leave joinLeave out`)
  }
  const policy = readPolicy(`${path}.policy`, given.policy)
  const recovery = readObject(`${path}.recovery`, given.recovery ?? {}, ['entries', 'bytes'])
  return Object.freeze({
    pattern,
    log,
    presence,
    joinLeave,
    policy: log === null && policy === 'lossless' ? EPHEMERAL_POLICY : policy,
    allow: readAllowByAction(`${path}.allow`, given.allow, owner.length > 0 ? OWNERS : allow),
    owner: Object.freeze(owner),
    from: readWord(`${path}.from`, given.from, FROM, 'both'),
    compress: given.compress === undefined ? null : readFlag(`${path}.compress`, given.compress, true),
    recovery: Object.freeze({
      entries: readInteger(`${path}.recovery.entries`, recovery.entries, 1, MANY, 10_000),
      bytes: readInteger(`${path}.recovery.bytes`, recovery.bytes, 1, GIB, 8 * 2 ** 20),
    }),
  })
}

function readLog(path: string, given: { log?: unknown; history?: unknown }, window: number): LogRule | null {
  if (given.log !== undefined && given.log !== false) {
    const hint = `leave it out for a channel with a log, or write false for one without`
    throw new SettingError(`${path}.log`, `must be false, not ${shown(given.log)}: ${hint}`)
  }
  if (given.log === false) {
    if (given.history === undefined) return null
    throw new SettingError(`${path}.history`, `has no meaning with log: false: leave out one of the two`)
  }
  const history = readObject(`${path}.history`, given.history ?? {}, ['size', 'ttl'])
  return Object.freeze({
    size: readInteger(`${path}.history.size`, history.size, 1, MANY, 100),
    ttl: readDuration(`${path}.history.ttl`, history.ttl, 1, TEN_YEARS, 300_000),
    window,
  })
}

function readPolicy(path: string, value: unknown): Policy {
  if (typeof value !== 'object' || value === null) return readWord(path, value, POLICIES, 'lossless')
  const { drop } = readObject(path, value, ['drop'])
  if (drop === undefined) throw new SettingError(path, `needs drop, the number of entries that remain: { drop: 100 }`)
  return Object.freeze({ drop: readInteger(`${path}.drop`, drop, 1, MANY, 100) })
}
