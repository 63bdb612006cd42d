// The code of docs/guides/realtime.md, run from top to bottom as one program.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const GUIDE = fileURLToPath(new URL('../../../docs/guides/realtime.md', import.meta.url))
/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL('../../../test-output/', import.meta.url))

/** All code of the guide as one module, on a port of its own. */
function program(markdown: string, database: string): string {
  const code = Array.from(markdown.matchAll(/^```ts\n(.*?)^```/gms), ([, block]) => block).join('\n')
  const imports = Array.from(code.matchAll(/^import .*$/gm), ([line]) => line)
  const body = code
    .replace(/^import .*$/gm, '')
    .replaceAll('{ port: 8080 }', "{ port: 0, host: '127.0.0.1' }")
    .replaceAll("'http://localhost:8080/realtime'", "'http://127.0.0.1:' + port + '/realtime'")
    .replaceAll("'./realtime.db'", JSON.stringify(database))
  const end = `
client.close()
ann.close()
await realtime.close()
console.log('the end', [board, resumed, everything, follow, page, position].length)
`
  return [...imports, body, end].join('\n')
}

describe('the guide on realtime', () => {
  it('runs as it is written', async () => {
    mkdirSync(FOLDER, { recursive: true })
    const folder = `${FOLDER}guide-${process.pid}`
    mkdirSync(folder)
    try {
      const file = `${folder}/guide.ts`
      writeFileSync(file, program(readFileSync(GUIDE, 'utf8'), `${folder}/realtime.db`))
      const child = spawn(process.execPath, ['--conditions=tautline-source', file], { timeout: 20_000 })
      let out = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          out += chunk
        })
      }
      const [code] = await once(child, 'close')
      assert.equal(code, 0, out)
      for (const line of ['hello (mine)', 'the server speaks', 'to ann alone:', '6', 'true', 'fsync', 'the end 6']) {
        assert.ok(out.includes(line), `${line} in:\n${out}`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
