// Compares two contracts: what a change does to clients that were built with the old one. What they send has to be taken
// by the new contract, what they read has to be what the old one promised. It judges schemas, not code: what a schema checks
// in a function of its own (zod's `refine`) is in no file.

import { containsPattern, moreSpecific } from '@tautline/wire'
import type { ContractDocument, DocumentSchema } from '../document.ts'
import type { JsonSchema } from '../json-schema.ts'
import { intersection, plain } from '../patterns.ts'
import { isTable, own, same } from '../table.ts'
import { judge } from './judge.ts'
import type { Direction } from './reasons.ts'

/** One thing that changed. */
export interface Finding {
  /** unknown: it cannot be judged, and somebody has to look. */
  readonly kind: 'breaking' | 'unknown' | 'safe'
  /** `channels['chat:*'] message: data.text` */
  readonly where: string
  readonly what: string
  readonly why: string
}

type Channel = ContractDocument['channels'][string]

const ORDER = { breaking: 0, unknown: 1, safe: 2 }

/**
 * What a change of a contract does to clients that were built with the old one: the worst first. Nothing: nothing changed.
 * A change that is not proved to be safe, and not seen to break, is `unknown`.
 */
export function diffContracts(old: ContractDocument, now: ContractDocument): readonly Finding[] {
  const findings = [...channels(old, now), ...calls(old, now)]
  return findings.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || (a.where < b.where ? -1 : a.where > b.where ? 1 : 0))
}

function* channels(old: ContractDocument, now: ContractDocument): Generator<Finding> {
  for (const [pattern, its] of Object.entries(old.channels)) {
    const where = place('channels', pattern)
    const covered = Object.keys(now.channels).some((other) => containsPattern(plain(other), plain(pattern)))
    if (!covered) {
      const some = Object.keys(now.channels).some((other) => intersection(other, pattern) !== null)
      const what = some
        ? 'some of the channels are not in the contract any more'
        : 'the channels are not in the contract any more'
      yield { kind: 'breaking', where, what, why: 'nothing checks what deployed clients send and read there' }
    }
    for (const other of Object.keys(now.channels)) {
      const both = shared(old, pattern, now, other)
      if (both === null) continue
      const said = other === pattern ? where : `${where} now ${place('channels', other)}`
      const next = now.channels[other] as Channel
      if (its.publish !== false && next.publish === false) {
        const what = 'clients may not publish any more'
        yield { kind: 'breaking', where: `${said} publish`, what, why: 'deployed clients may do it' }
      } else if (its.publish !== false) yield* schemas('send', `${said} publish`, its.input, next.input)
      yield* schemas('read', `${said} message`, its.output, next.output)
    }
  }
  for (const pattern of Object.keys(now.channels)) {
    const known = Object.keys(old.channels).some((other) => intersection(other, pattern) !== null)
    const where = place('channels', pattern)
    if (!known)
      yield { kind: 'safe', where, what: 'the channels are new', why: 'no deployed client has them in its contract' }
  }
}

/**
 * The channels for which the old contract had one pattern and the new one has another. null: there are none, or for each
 * of them a more specific pattern holds.
 */
function shared(old: ContractDocument, before: string, now: ContractDocument, after: string): string | null {
  const both = intersection(before, after)
  if (both === null) return null
  const holds = (patterns: Readonly<Record<string, unknown>>, pattern: string): boolean =>
    !Object.keys(patterns).some(
      (other) => moreSpecific(plain(other), plain(pattern)) < 0 && containsPattern(plain(other), both),
    )
  return holds(old.channels, before) && holds(now.channels, after) ? both : null
}

function* calls(old: ContractDocument, now: ContractDocument): Generator<Finding> {
  for (const [method, its] of Object.entries(old.rpc)) {
    const where = place('rpc', method)
    const other = own(now.rpc, method) as ContractDocument['rpc'][string] | undefined
    if (other === undefined) {
      yield { kind: 'breaking', where, what: 'the method is gone', why: 'deployed clients may call it' }
      continue
    }
    if (other.stream !== its.stream) {
      const what = other.stream === true ? 'it gives several results now' : 'it gives one result now'
      yield { kind: 'breaking', where, what, why: `deployed clients ${other.stream === true ? 'call' : 'stream'} it` }
    }
    yield* schemas('send', `${where} input`, its.input, other.input)
    yield* schemas('read', `${where} output`, its.output, other.output)
  }
  for (const method of Object.keys(now.rpc)) {
    if (own(old.rpc, method) !== undefined) continue
    yield { kind: 'safe', where: place('rpc', method), what: 'the method is new', why: 'no deployed client calls it' }
  }
}

function* schemas(direction: Direction, where: string, old: DocumentSchema, now: DocumentSchema): Generator<Finding> {
  if ('unknown' in old || 'unknown' in now) {
    const [which, reason] = 'unknown' in now ? ['new', now.unknown] : ['old', (old as { unknown: string }).unknown]
    yield { kind: 'unknown', where, what: `the ${which} schema is not known`, why: reason.slice(0, 300) }
    return
  }
  const before = bare(old.schema)
  const after = bare(now.schema)
  if (same(before, after)) return
  const reasons = direction === 'send' ? judge('send', before, after, 'data') : judge('read', after, before, 'data')
  const seen = new Set<string>()
  for (const { kind, path, what, why } of reasons) {
    if (seen.has(`${path} ${what}`)) continue
    seen.add(`${path} ${what}`)
    yield { kind, where: `${where}: ${path}`, what, why }
  }
  if (reasons.length > 0) return
  const why =
    direction === 'send' ? 'all that deployed clients send is taken' : 'all that is sent is what deployed clients know'
  yield { kind: 'safe', where, what: 'it changed', why }
}

const ANNOTATIONS = ['title', 'description', 'default', 'examples', '$comment', 'deprecated', 'readOnly', 'writeOnly']
/** Whose keys are names, not keywords. */
const TABLES = ['properties', 'patternProperties', 'definitions', '$defs', 'dependencies', 'dependentSchemas']

/** Whose values have no order. */
const SETS = ['enum', 'required', 'type']

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A schema without what is said for people. */
function bare(schema: JsonSchema): JsonSchema {
  return strip(schema, false) as JsonSchema
}

function strip(value: unknown, isTableOfNames: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => strip(one, false))
  if (!isTable(value)) return value
  const entries = Object.entries(value).filter(([key]) => isTableOfNames || !ANNOTATIONS.includes(key))
  return Object.fromEntries(
    entries.map(([key, of]) => {
      // Values, not schemas.
      if (!isTableOfNames && key === 'const') return [key, of]
      if (!isTableOfNames && SETS.includes(key) && Array.isArray(of)) return [key, of.toSorted(byText)]
      return [key, strip(of, !isTableOfNames && TABLES.includes(key))]
    }),
  )
}

function place(table: string, name: string): string {
  return `${table}[${JSON.stringify(name).replaceAll(/^"|"$/g, "'")}]`
}
