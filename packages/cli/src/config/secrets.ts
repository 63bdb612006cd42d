// Puts in what a configuration only points at: `${NAME}` of the environment in any text, and secrets that stand in a
// variable or a file.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Environment } from './environment.ts'
import type { Finding } from './judge.ts'
import type { Path } from './problem.ts'

const NAME = /\$\{([A-Za-z_]\w*)\}/g
/** Bytes of a file that holds a secret or a key. */
const LONGEST = 65_536

export interface Filled {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Texts that must never be printed. */
  readonly secrets: readonly string[]
}

/** @param folder what paths of files are relative to */
export function fillIn(value: unknown, environment: Environment, folder: string): Filled {
  const findings: Finding[] = []
  const secrets: string[] = []
  const fail = (path: Path, text: string): string => {
    findings.push({ path, at: 'value', text })
    return ''
  }
  const fromVariable = (name: string, path: Path): string => {
    const found = environment[name]
    return found === undefined || found === ''
      ? fail(path, `needs the environment variable ${name}, which is not set`)
      : found
  }
  const visit = (one: unknown, path: Path): unknown => {
    if (typeof one === 'string') {
      const text = one.replace(NAME, (_whole, name: string) => fromVariable(name, path))
      if (isSecret(path) && text !== '') secrets.push(text)
      return text
    }
    if (typeof one !== 'object' || one === null || path.length > 12) return one
    if (!Array.isArray(one) && (isSecret(path) || path.includes('publicKey'))) {
      const text = pointed(one, path)
      if (text !== null) {
        if (isSecret(path) && text !== '') secrets.push(text)
        return text
      }
    }
    if (Array.isArray(one)) return one.map((element, i) => visit(element, [...path, i]))
    return Object.fromEntries(Object.entries(one).map(([key, below]) => [key, visit(below, [...path, key])]))
  }
  const pointed = (one: object, path: Path): string | null => {
    const [[key, where] = [], ...others] = Object.entries(one)
    if (others.length > 0 || typeof where !== 'string') return null
    if (key === 'env') return fromVariable(where, [...path, 'env'])
    if (key !== 'file') return null
    try {
      const text = readFileSync(resolve(folder, where), 'utf8')
      if (text.length > LONGEST) return fail([...path, 'file'], `is a file of more than ${LONGEST} bytes`)
      // PEM files keep their lines; the line end of a secret is the editor's.
      const found = isSecret(path) ? text.replace(/\r?\n$/, '') : text
      return found === '' ? fail([...path, 'file'], 'is an empty file') : found
    } catch (error) {
      return fail([...path, 'file'], `cannot be read: ${(error as Error).message}`)
    }
  }
  return { value: visit(value, []), findings, secrets }
}

/** The variables that a configuration reads. */
export function variablesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [...value.matchAll(NAME)].map(([, name]) => name ?? '')
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, below]) => {
    return key === 'env' && typeof below === 'string' ? [below] : variablesIn(below)
  })
}

function isSecret(path: Path): boolean {
  const last = typeof path.at(-1) === 'number' ? path.at(-2) : path.at(-1)
  return last === 'secret' || last === 'passphrase'
}
