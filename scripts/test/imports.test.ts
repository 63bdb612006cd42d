// The check of import directions must bite: each seeded violation is refused by the repository's own Biome config.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

/** Lints the given files as if they stood in the repository; returns Biome's exit code and output. */
function lint(files: Record<string, string>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tautline-imports-'))
  try {
    cpSync(join(root, 'biome.json'), join(folder, 'biome.json'))
    cpSync(join(root, '.gitignore'), join(folder, '.gitignore'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const biome = join(root, 'node_modules/.bin/biome')
    const { status, stdout, stderr } = spawnSync(biome, ['lint', '.'], { cwd: folder, encoding: 'utf8' })
    return { status, output: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const violations: [string, Record<string, string>, RegExp][] = [
  [
    'protocol importing node:',
    { 'packages/protocol/src/seed.ts': "import { hash } from 'node:crypto'\nexport const seed: unknown = hash\n" },
    /noRestrictedImports/,
  ],
  [
    'protocol importing a package above it',
    { 'packages/protocol/src/seed.ts': "export { connect } from '@tautline/websocket'\n" },
    /noRestrictedImports/,
  ],
  [
    'websocket importing the ws face',
    { 'packages/websocket/src/seed.ts': "export { WebSocket } from '@tautline/ws'\n" },
    /noRestrictedImports/,
  ],
  [
    'the ws face importing the testkit',
    { 'packages/ws/src/seed.ts': "export { RawPeer } from '@tautline/testkit'\n" },
    /noRestrictedImports/,
  ],
  [
    'a cycle of two files',
    {
      'packages/protocol/src/one.ts': "import { two } from './two.ts'\nexport const one = (): unknown => two\n",
      'packages/protocol/src/two.ts': "import { one } from './one.ts'\nexport const two = (): unknown => one\n",
    },
    /noImportCycles/,
  ],
  ['a default export', { 'packages/protocol/src/seed.ts': 'export default 1\n' }, /noDefaultExport/],
]

for (const [title, files, rule] of violations) {
  test(`the import check refuses ${title}`, () => {
    const { status, output } = lint(files)
    assert.notEqual(status, 0)
    assert.match(output, rule)
  })
}

test('the import check lets a good file pass', () => {
  const { status, output } = lint({
    'packages/websocket/src/seed.ts': "export { Opcode } from '@tautline/protocol'\n",
  })
  assert.equal(status, 0, output)
})
