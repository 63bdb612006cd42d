// Settings from environment variables: every setting of the configuration has one, by one rule. `admission.perUser` is
// TAUTLINE_ADMISSION__PER_USER, `jwt.issuers[0].secret` TAUTLINE_JWT__ISSUERS__0__SECRET; lists are comma-separated or
// JSON, objects JSON.

import { nearest } from '@tautline/wire'
import { alternatives, JSON_SCHEMA, type JsonSchema } from './json-schema.ts'
import type { Path } from './problem.ts'

const PREFIX = 'TAUTLINE_'
/** Variables of ours that are no settings: the file, and the key with which the guides call the HTTP API. */
const OTHERS = ['TAUTLINE_CONFIG', 'TAUTLINE_KEY']

/** One setting that a variable gives. */
export interface Override {
  readonly variable: string
  readonly path: Path
  readonly value: unknown
}

export interface Overrides {
  readonly given: readonly Override[]
  /** Variables that are wrong, and why. */
  readonly wrong: readonly { readonly variable: string; readonly text: string }[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads all variables that begin with TAUTLINE_. Other ones are not looked at.
 *
 * @param others those that the file reads itself: they may be called as they like
 */
export function readEnvironment(environment: Environment, others: readonly string[] = []): Overrides {
  const given: Override[] = []
  const wrong: { variable: string; text: string }[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined || [...OTHERS, ...others].includes(variable)) continue
    if (isOfKubernetes(variable, text)) continue
    const read = readOne(variable, text)
    if (typeof read === 'string') wrong.push({ variable, text: read })
    else given.push({ variable, ...read })
  }
  return { given, wrong }
}

/**
 * Kubernetes gives every pod variables of each Service: those of one that is called `tautline` look like ours
 * (`TAUTLINE_PORT=tcp://10.0.0.1:80`, `TAUTLINE_SERVICE_HOST`).
 */
function isOfKubernetes(variable: string, text: string): boolean {
  return /^TAUTLINE_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_\w+)$/.test(variable) || /^(tcp|udp|sctp):\/\//.test(text)
}

function readOne(variable: string, text: string): { path: Path; value: unknown } | string {
  const path: (string | number)[] = []
  let here = alternatives(JSON_SCHEMA)
  let so = ''
  for (const part of variable.slice(PREFIX.length).split('__')) {
    const next = step(here, part)
    if (next === null) return unknown(variable, so, here)
    so += `${so === '' ? PREFIX : '__'}${part}`
    path.push(next.step)
    here = next.schemas.flatMap(alternatives)
  }
  const value = parse(text, here)
  return value === undefined ? `must be ${wanted(here)}` : { path, value }
}

function step(here: readonly JsonSchema[], part: string): { step: string | number; schemas: JsonSchema[] } | null {
  const items = here.flatMap(({ items }) => (items === undefined ? [] : [items]))
  if (/^\d{1,3}$/.test(part)) return items.length === 0 ? null : { step: Number(part), schemas: items }
  for (const { properties = {} } of here) {
    const name = Object.keys(properties).find((key) => constant(key) === part)
    if (name !== undefined) {
      return {
        step: name,
        schemas: here.flatMap(({ properties: its }) => (its?.[name] === undefined ? [] : [its[name]])),
      }
    }
  }
  return null
}

function unknown(variable: string, so: string, here: readonly JsonSchema[]): string {
  const known = here.flatMap(({ properties = {} }) => Object.keys(properties)).filter((key) => !key.startsWith('$'))
  const names = known.map((key) => `${so === '' ? PREFIX : `${so}__`}${constant(key)}`)
  // A variable with one underscore too few, or a level left out, is near to one of all names.
  const near = nearest(variable, names) ?? nearest(variable, variables())
  if (near !== null) return `is no setting: did you mean ${near}?`
  if (so !== '' && names.length === 0) return `is no setting: ${so} has nothing below it but JSON, as a whole`
  return `is no setting: known are ${names.join(', ')}`
}

/** All names but those of lists' elements. */
export function variables(): readonly string[] {
  return [...described().keys()]
}

/** All variables with what they set, as the schema describes it. */
export function described(): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const walk = (schema: JsonSchema, prefix: string, depth: number): void => {
    for (const one of alternatives(schema)) {
      for (const [key, below] of Object.entries(one.properties ?? {})) {
        if (key.startsWith('$')) continue
        const name = `${prefix}${constant(key)}`
        if (!names.has(name)) names.set(name, descriptionOf(below))
        if (depth < 4) walk(below, `${name}__`, depth + 1)
      }
    }
  }
  walk(JSON_SCHEMA, PREFIX, 0)
  return names
}

function descriptionOf(schema: JsonSchema): string {
  const target = schema.$ref === undefined ? undefined : JSON_SCHEMA.$defs?.[schema.$ref.replace('#/$defs/', '')]
  return schema.description ?? target?.description ?? ''
}

/** perUser → PER_USER */
export function constant(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
}

/** @returns undefined: the text is none of what may stand there */
function parse(text: string, schemas: readonly JsonSchema[]): unknown {
  const types = new Set(schemas.map(({ type }) => type))
  const constants = schemas.flatMap((schema) => [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])])
  const word = constants.find((one) => String(one) === text)
  if (word !== undefined) return word
  if ((types.has('integer') || types.has('number')) && /^-?\d{1,16}$/.test(text)) return Number(text)
  if (types.has('boolean')) return text === 'true' ? true : text === 'false' ? false : undefined
  if (/^\s*[[{]/.test(text) && (types.has('array') || types.has('object'))) {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  }
  // A text may hold a comma; only words never do.
  if (schemas.some((one) => one.type === 'string' && one.enum === undefined && one.const === undefined)) return text
  if (types.has('array')) return text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
  // What it must be like is checked with everything else.
  return types.has('string') ? text : undefined
}

function wanted(schemas: readonly JsonSchema[]): string {
  const words = schemas.flatMap((schema) => [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])])
  const types = new Set(schemas.map(({ type }) => type))
  const kinds = [
    ...words.map(String),
    ...(types.has('integer') || types.has('number') ? ['a whole number'] : []),
    ...(types.has('boolean') ? ['true or false'] : []),
    ...(types.has('object') ? ['an object in JSON'] : []),
  ]
  return kinds.join(' or ')
}
