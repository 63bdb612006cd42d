// docs/guides/contract.md as it is written: its types are checked, its code is run.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const GUIDE = readFileSync(new URL('../../../../docs/guides/contract.md', import.meta.url), 'utf8')
/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL('../../../../test-output/', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

function program(): string {
  const code = Array.from(GUIDE.matchAll(/^```ts\n(.*?)^```/gms), ([, block]) => block).join('\n')
  const imports = Array.from(code.matchAll(/^import .*$/gm), ([line]) => line)
  const body = code
    .replace(/^import .*$/gm, '')
    .replace('{ port: 8080 }', "{ port: 0, host: '127.0.0.1' }")
    .replace("'http://localhost:8080/realtime'", `\`http://127.0.0.1:\${port}/realtime\``)
  return [...imports, body, 'client.close()', 'await realtime.close()'].join('\n')
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { timeout: 60_000 })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
  }
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 0, out)
  return out
}

test('the guide to contracts compiles and runs as it is written', async () => {
  const folder = `${FOLDER}contract-${process.pid}`
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(`${folder}/guide.ts`, program())
    const out = await run(process.execPath, ['--conditions=tautline-source', `${folder}/guide.ts`])
    for (const line of [
      'hello false',
      '3\n1\n2\n3',
      'bad-data data.text',
      'data.text: Too small: expected string to have >=1 characters',
      'true',
      "breaking channels['chat:*'] the channels are not in the contract any more",
    ]) {
      assert.ok(out.includes(line), `${line} in:\n${out}`)
    }
    const options = { extends: `${ROOT}tsconfig.test.json`, files: ['guide.ts'] }
    const compilerOptions = { lib: ['es2024', 'dom', 'dom.asynciterable'], types: ['node'] }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ ...options, compilerOptions }))
    const said = await run(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, '-p', folder]).catch(String)
    const mine = String(said)
      .split('\n')
      .filter((line) => line.includes('guide.ts('))
    assert.deepEqual(mine, [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
