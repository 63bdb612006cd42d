// The code of the guide to authentication, run from top to bottom as one program.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** In the repository, so that the packages are found; not in git. */
const FOLDER = fileURLToPath(new URL('../../../../test-output/', import.meta.url))
const GUIDE = new URL('../../../../docs/guides/auth.md', import.meta.url)

/** What the text takes for granted, before it. */
const BEFORE = `
const theSecret = 'S3CRET-0123456789-0123456789-0123456789'
const sessionOf = async (_token: string | undefined) => ({ user: 'ann', id: 's1', began: Date.now(), ends: Date.now() + 60_000 })
const fetchToken = async (channel?: string) => ({
  token: await signToken(
    { issuer: 'our-backend', audience: 'chat', user: 'ann', id: 'the-jti', expires: '15m', ...(channel && { channel }) },
    { algorithm: 'HS256', secret: theSecret },
  ),
})`

/** And what is seen of it behind. */
const AFTER = `
await new Promise<void>((resolve) => {
  if (client.state === 'stopped') resolve()
  client.on('state', ({ state }) => state !== 'connecting' && resolve())
})
console.log(client.state, client.user, forDocument.split('.').length)
client.close()
await Promise.all([byHand.close(), realtime.close()])`

test('the guide to authentication runs as it is written', async () => {
  const code = Array.from(readFileSync(GUIDE, 'utf8').matchAll(/^```ts\n(.*?)^```/gms), ([, block]) => block).join('\n')
  const imports = Array.from(code.matchAll(/^import .*$/gm), ([line]) => line)
  // The revocations come first: behind them the client would be gone.
  const body = code.replace(/^import .*$/gm, '').replace('port: 8080', "port: 0, host: '127.0.0.1'")
  const program = [...imports, BEFORE, body, AFTER]
    .join('\n')
    .replace("revoke({ token: 'the-jti' }", "revoke({ token: 'another' }")
  const folder = `${FOLDER}auth-guide-${process.pid}`
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(`${folder}/guide.ts`, program.replace("revoke({ user: 'ann' })", "revoke({ user: 'bob' })"))
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--conditions=tautline-source', `${folder}/guide.ts`], {
      timeout: 20_000,
    })
    assert.match(stdout, /^ann$/m)
    assert.match(stdout, /^connected ann 3$/m)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
