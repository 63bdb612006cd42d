// What interop needs beyond Node: found, or skipped with the reason.

import { execFileSync, spawnSync } from 'node:child_process'
import { without } from '@tautline/testkit'

export const PYTHON = '/usr/bin/python3'

/** The first python3 in PATH does not see Debian's packages. */
export const withoutPython: string | false = without(
  'python3-websockets',
  spawnSync(PYTHON, ['-c', 'import websockets']).status === 0,
)

export const withoutCurl: string | false = without('curl', spawnSync('curl', ['--version']).status === 0)

/** Does this curl speak ws:// itself? (From 8.11 on by default.) */
export function curlSpeaksWebSocket(): boolean {
  return / wss?( |$)/m.test(execFileSync('curl', ['--version'], { encoding: 'utf8' }))
}
