// Knows where each key and value of a configuration in TypeScript or JavaScript stands, as far as it is written out: in the
// exported object, through constants of the same file. It never runs the file.

import { type Expression, type Program, parse } from 'acorn'
import { withoutTypes } from '../types.ts'
import type { Locate } from './locate-json.ts'
import type { Path, Place } from './problem.ts'

/** Where the keys of a script stand; a script that cannot be parsed has no places. */
export function scriptPlaces(text: string, isTyped: boolean): Locate {
  let program: Program
  try {
    // Types become blanks: every place stays what it was.
    const plain = isTyped ? withoutTypes(text) : text
    program = parse(plain, { ecmaVersion: 'latest', sourceType: 'module', locations: true, allowHashBang: true })
  } catch {
    return () => null
  }
  const exported = exportOf(program)
  if (exported === null) return () => null
  return (path, at = 'value') => locate(program, exported, path, at)
}

function exportOf(program: Program): Expression | null {
  for (const statement of program.body) {
    if (statement.type !== 'ExportDefaultDeclaration') continue
    const { declaration } = statement
    if (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') return null
    return resolve(program, declaration as Expression)
  }
  return null
}

/** Looks through defineConfig(…), parentheses and constants. */
function resolve(program: Program, expression: Expression, depth = 0): Expression {
  if (depth > 8) return expression
  if (expression.type === 'CallExpression') {
    const [argument] = expression.arguments
    if (argument !== undefined && argument.type !== 'SpreadElement') return resolve(program, argument, depth + 1)
  }
  if (expression.type === 'ParenthesizedExpression') return resolve(program, expression.expression, depth + 1)
  if (expression.type !== 'Identifier') return expression
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) {
      if (id.type === 'Identifier' && id.name === expression.name && init) return resolve(program, init, depth + 1)
    }
  }
  return expression
}

function locate(program: Program, exported: Expression, path: Path, at: 'key' | 'value'): Place {
  let node = exported
  let place = placeOf(exported)
  for (const [i, step] of path.entries()) {
    const next = child(program, node, step)
    if (next === null) break
    const isLast = i === path.length - 1
    place = isLast && at === 'key' ? next.key : next.place
    node = next.value
  }
  return place
}

interface Child {
  readonly key: Place
  readonly place: Place
  readonly value: Expression
}

function child(program: Program, node: Expression, step: string | number): Child | null {
  if (node.type === 'ArrayExpression') {
    const element = node.elements[Number(step)]
    if (!element || element.type === 'SpreadElement') return null
    return { key: placeOf(element), place: placeOf(element), value: resolve(program, element) }
  }
  if (node.type !== 'ObjectExpression') return null
  // Of two with one name the later one is in force.
  for (const property of node.properties.toReversed()) {
    if (property.type === 'SpreadElement') {
      const spread = child(program, resolve(program, property.argument), step)
      if (spread !== null) return spread
      continue
    }
    const { key, computed } = property
    const name = key.type === 'Literal' ? String(key.value) : key.type === 'Identifier' && !computed ? key.name : null
    if (name !== String(step)) continue
    return { key: placeOf(key), place: placeOf(property.value), value: resolve(program, property.value) }
  }
  return null
}

function placeOf(node: { loc?: { start: { line: number; column: number } } | null }): Place {
  return { line: node.loc?.start.line ?? 1, column: (node.loc?.start.column ?? 0) + 1 }
}
