// Reads a configuration in JSON with comments, and knows where each key and value of it stands.

import { evaluate, type ObjectNode, parse, type ValueNode } from '@humanwhocodes/momoa'
import type { Path, Place } from './problem.ts'

/** Finds where something stands. `key`: the key itself is meant, not its value. */
export type Locate = (path: Path, at?: 'key' | 'value') => Place | null

export interface Written {
  readonly value: unknown
  readonly locate: Locate
}

/** A file that is no JSON: where, and why. */
export class SyntaxProblem extends Error {
  readonly place: Place | null

  constructor(text: string, place: Place | null) {
    super(text)
    this.place = place
  }
}

/** @throws SyntaxProblem */
export function readJson(text: string): Written {
  let body: ValueNode
  try {
    body = parse(text, { mode: 'jsonc', allowTrailingCommas: true }).body
  } catch (error) {
    const { line, column, message } = error as Error & { line?: number; column?: number }
    // What is missing at the end is told there.
    const isEnd = message.startsWith('Unexpected end')
    const place = isEnd ? endOf(text) : line === undefined ? null : { line, column: column ?? 1 }
    throw new SyntaxProblem(`is no JSON: ${message.replace(/\s*\(\d+:\d+\)$/, '')}`, place)
  }
  const twice = duplicate(body)
  if (twice !== null) throw twice
  return { value: evaluate(body), locate: (path, at = 'value') => locate(body, path, at) }
}

function endOf(text: string): Place {
  const lines = text.trimEnd().split('\n')
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
}

/** Whoever writes a key twice means one of them, and nobody can tell which. */
function duplicate(node: ValueNode): SyntaxProblem | null {
  if (node.type === 'Array') return first(node.elements, ({ value }) => duplicate(value))
  if (node.type !== 'Object') return null
  const seen = new Set<string>()
  return first(node.members, (member) => {
    const key = keyOf(member.name)
    const { line, column } = member.name.loc.start
    if (seen.has(key)) return new SyntaxProblem(`has the key '${key}' twice`, { line, column })
    seen.add(key)
    return duplicate(member.value)
  })
}

function locate(body: ValueNode, path: Path, at: 'key' | 'value'): Place {
  let node = body
  let { line, column } = body.loc.start
  for (const [i, step] of path.entries()) {
    const next = child(node, step)
    if (next === null) break
    const isLast = i === path.length - 1
    ;({ line, column } = isLast && at === 'key' ? next.key : next.value.loc.start)
    node = next.value
  }
  return { line, column }
}

function child(node: ValueNode, step: string | number): { key: Place; value: ValueNode } | null {
  if (node.type === 'Array') {
    const value = node.elements[Number(step)]?.value
    return value === undefined ? null : { key: value.loc.start, value }
  }
  if (node.type !== 'Object') return null
  const member = (node as ObjectNode).members.find(({ name }) => keyOf(name) === String(step))
  return member === undefined ? null : { key: member.name.loc.start, value: member.value }
}

function keyOf(name: ObjectNode['members'][number]['name']): string {
  return name.type === 'String' ? name.value : name.name
}

function first<T, R>(items: readonly T[], look: (item: T) => R | null): R | null {
  for (const item of items) {
    const found = look(item)
    if (found !== null) return found
  }
  return null
}
