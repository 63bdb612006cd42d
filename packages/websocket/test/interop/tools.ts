// What interop needs beyond Node: found, or skipped with the reason. Under CI=true nothing is skipped: a missing tool
// fails the test that asks for it.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export const CHROMIUM = '/usr/bin/chromium'
export const PYTHON = '/usr/bin/python3'

const ci = process.env['CI'] === 'true'

function reason(there: boolean, name: string): string | false {
  return there || ci ? false : `missing tool: ${name} (npm run setup installs it)`
}

export const withoutChromium: string | false = reason(existsSync(CHROMIUM), 'chromium')

/** The first python3 in PATH does not see Debian's packages. */
export const withoutPython: string | false = reason(
  spawnSync(PYTHON, ['-c', 'import websockets']).status === 0,
  'python3-websockets',
)

export const withoutCurl: string | false = reason(spawnSync('curl', ['--version']).status === 0, 'curl')

/** Does this curl speak ws:// itself? (From 8.11 on by default.) */
export function curlSpeaksWebSocket(): boolean {
  return / wss?( |$)/m.test(execFileSync('curl', ['--version'], { encoding: 'utf8' }))
}
