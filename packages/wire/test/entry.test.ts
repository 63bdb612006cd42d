// What an importer of the main entry gets along with it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'

/** Files and packages that a file brings, types aside. */
function brings(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(file, 'utf8').replaceAll(/^(import|export) type [^;]*?from '[^']*'$/gm, '')
  for (const [, from] of text.matchAll(/^(?:import|export|\}) [^;]*?from '([^']*)'$/gm)) {
    if (from?.startsWith('.')) brings(resolve(dirname(file), from), seen)
    else if (from !== undefined) seen.add(from)
  }
  return seen
}

const source = resolve(import.meta.dirname, '../src')

test('the main entry brings no package and no MessagePack: who wants that asks for ./msgpack', () => {
  const files = [...brings(`${source}/mod.ts`)]
  assert.ok(files.includes(`${source}/json/codec.ts`))
  assert.deepEqual(
    files.filter((file) => !file.startsWith(source) || file.includes('msgpack')),
    [],
  )
  assert.ok(brings(`${source}/msgpack/mod.ts`).has('@msgpack/msgpack'))
})
