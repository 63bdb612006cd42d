// Wire's part of the client's budget: what a page loads of this package for the names that the client imports.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build, defaultClientConditions } from 'vite'

/** Of the client's 15,000 bytes. */
const LIMIT = 3_100
const packages = join(import.meta.dirname, '../..')
const ENTRY = join(packages, 'wire/src/entry-of-a-client.ts')

/** What the client imports, types aside. */
function importedNames(): string[] {
  const names = new Set<string>()
  for (const file of globSync(join(packages, 'client/src/**/*.ts'))) {
    const text = readFileSync(file, 'utf8')
    for (const [, list = ''] of text.matchAll(/^(?:import|export) \{([^}]*)\} from '@tautline\/wire'/gm)) {
      for (const name of list.split(',').map((one) => one.trim())) if (/^\w+$/.test(name)) names.add(name)
    }
  }
  return [...names].sort()
}

async function bundle(names: readonly string[]): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['tautline-source', ...defaultClientConditions] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export { ${names.join(', ')} } from './mod.ts'` : null),
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: ENTRY, formats: ['es'], fileName: 'wire' },
      // As the application that bundles it does.
      rolldownOptions: { output: { minify: { compress: true, mangle: true, codegen: true } } },
    },
  })
  const [first] = Array.isArray(result) ? result : [result]
  assert.ok(first !== undefined && 'output' in first)
  return first.output[0].code
}

test(`what a client uses of wire is under ${LIMIT} bytes gzipped, and nothing in it is a server's`, async (t) => {
  const names = importedNames()
  assert.ok(names.includes('readServerMessage') && names.includes('RealtimeError'), names.join(' '))
  const code = await bundle(names)
  const bytes = gzipSync(code, { level: 9 }).length
  t.diagnostic(`${bytes} bytes gzipped, ${code.length} minified: ${names.join(' ')}`)
  assert.ok(bytes < LIMIT, `${bytes} bytes gzipped`)
  // Texts of errors and disconnects, the grammar of names, what a command must be.
  assert.doesNotMatch(code, /shutting down|empty segment|is not a whole number|nested deeper|import/)
})

test('one name brings what it needs and no more', async () => {
  assert.ok((await bundle(['follow'])).length < 400)
  assert.ok((await bundle(['RealtimeError'])).length < 1_400)
  assert.match(await bundle(['readCommand']), /empty segment/)
})
