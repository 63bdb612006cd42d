import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, defaultClientConditions } from 'vite'

const LIMIT = 15_000
const entry = fileURLToPath(new URL('../src/mod.ts', import.meta.url))

/** Everything a page loads for the client, what it uses of wire included. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['tautline-source', ...defaultClientConditions] },
    build: {
      write: false,
      target: 'es2023',
      lib: { entry, formats: ['es'], fileName: 'client' },
      // A library's bundle keeps its line breaks and its notes for bundlers unless told otherwise; that of an application
      // has neither. This is the same code, to the byte.
      rolldownOptions: { output: { comments: false, minify: { compress: true, mangle: true, codegen: true } } },
    },
  })
  const [first] = Array.isArray(result) ? result : [result]
  assert.ok(first !== undefined && 'output' in first)
  assert.equal(first.output.length, 1, 'one file')
  const [chunk] = first.output
  return chunk.code
}

test(`the client is under ${LIMIT} bytes gzipped, what it uses of wire included, and imports nothing`, async (t) => {
  const code = await bundle()
  const bytes = gzipSync(code, { level: 9 }).length
  t.diagnostic(`${bytes} bytes gzipped, ${code.length} minified`)
  assert.ok(bytes < LIMIT, `${bytes} bytes gzipped`)
  assert.ok(!/\bimport\s*[({"'`*]|\bfrom\s*["'`]|\brequire\(|["'`]node:|@msgpack/.test(code), 'it imports something')
})
