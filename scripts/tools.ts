// The tools beyond Node that some suites need, where they are looked for, and the Debian packages that bring them.

import { existsSync } from 'node:fs'

export interface Tool {
  readonly name: string
  /** Any of these files means that the tool is there. */
  readonly paths: readonly string[]
  /** The Debian package. */
  readonly debian: string
  readonly usedBy: string
}

export const TOOLS: readonly Tool[] = [
  { name: 'chromium', paths: ['/usr/bin/chromium'], debian: 'chromium', usedBy: 'the browser suites' },
  {
    name: 'python3-websockets',
    paths: ['/usr/lib/python3/dist-packages/websockets/__init__.py'],
    debian: 'python3-websockets',
    usedBy: 'the interop suites',
  },
  { name: 'curl', paths: ['/usr/bin/curl'], debian: 'curl', usedBy: 'the interop suites' },
  { name: 'python3', paths: ['/usr/bin/python3'], debian: 'python3', usedBy: 'the examples of hooks' },
  { name: 'go', paths: ['/usr/local/go/bin/go', '/usr/bin/go'], debian: 'golang-go', usedBy: 'the examples of hooks' },
  { name: 'openssl', paths: ['/usr/bin/openssl'], debian: 'openssl', usedBy: 'the TLS suites' },
]

/** Those that are not on this machine. */
export function missingTools(): Tool[] {
  return TOOLS.filter((tool) => !tool.paths.some((path) => existsSync(path)))
}
