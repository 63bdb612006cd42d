// What a connection is made of: two heap snapshots of a server, with few connections and with many, and the difference
// class by class. A count, not a measurement: it is the same on every machine.

import { readFileSync } from 'node:fs'

/** Objects of one kind, per connection. */
export interface Share {
  readonly name: string
  readonly objects: number
  readonly bytes: number
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: { node_fields: string[]; node_types: [string[]]; edge_fields: string[]; edge_types: [string[]] }
  }
  readonly nodes: number[]
  readonly edges: number[]
  readonly strings: string[]
}

interface Tally {
  objects: number
  bytes: number
}

/** Kinds of nodes that go under one name. */
const TOGETHER: Readonly<Record<string, string>> = {
  string: 'text',
  'concatenated string': 'text',
  'sliced string': 'text',
  number: 'numbers with fractions, or large ones',
}
/** Kinds of nodes that are no object of a connection: code, and what the snapshot adds. */
const NOT_OURS: ReadonlySet<string> = new Set(['code', 'object shape', 'synthetic'])

/**
 * The difference of two snapshots, the largest first.
 *
 * @param more connections that the second has beyond the first
 */
export function shares(before: string, after: string, more: number): Share[] {
  const few = tally(before)
  const many = tally(after)
  return [...many]
    .map(([name, { objects, bytes }]) => {
      const old = few.get(name) ?? { objects: 0, bytes: 0 }
      return { name, objects: (objects - old.objects) / more, bytes: (bytes - old.bytes) / more }
    })
    .filter(({ bytes }) => bytes >= 1)
    .sort((a, b) => b.bytes - a.bytes)
}

function tally(file: string): Map<string, Tally> {
  const { snapshot, nodes, edges, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot
  const { node_fields: fields, node_types: types, edge_fields: edgeFields, edge_types: edgeTypes } = snapshot.meta
  const [type, name, size, count] = ['type', 'name', 'self_size', 'edge_count'].map((it) => fields.indexOf(it)) as [
    number,
    number,
    number,
    number,
  ]
  const nameOf = (node: number): string => strings[nodes[node + name] as number] as string
  // Whom something without a name of its own belongs to: the first that holds it.
  const holders = new Map<number, string>()
  let edge = 0
  for (let node = 0; node < nodes.length; node += fields.length) {
    for (let i = nodes[node + count] as number; i > 0; i--, edge += edgeFields.length) {
      const kind = edgeTypes[0][edges[edge] as number]
      const to = edges[edge + 2] as number
      if (kind === 'weak' || holders.has(to)) continue
      const property = kind === 'property' || kind === 'internal' ? `.${strings[edges[edge + 1] as number]}` : ''
      holders.set(to, `${nameOf(node)}${property}`)
    }
  }
  const out = new Map<string, Tally>()
  for (let node = 0; node < nodes.length; node += fields.length) {
    const kind = types[0][nodes[node + type] as number] as string
    if (NOT_OURS.has(kind)) continue
    const own = nameOf(node)
    const known = TOGETHER[kind]
    const holder = holders.get(node) ?? '?'
    let key: string
    if (known !== undefined) key = known
    else if (kind === 'closure') key = `function ${own === '' ? `of ${holder}` : own}`
    else if (GENERIC.has(own)) key = `${own === '' ? kind : own} of ${holder}`
    else key = own
    const entry = out.get(key) ?? { objects: 0, bytes: 0 }
    entry.objects++
    entry.bytes += nodes[node + size] as number
    out.set(key, entry)
  }
  return out
}

const GENERIC: ReadonlySet<string> = new Set(['Object', 'Array', '(object elements)', 'system / PropertyArray', ''])
