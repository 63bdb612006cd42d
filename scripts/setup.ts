// `npm run setup`: installs from Debian's packages what the suites need beyond Node. Needs root; starts no service.

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { run } from './run.ts'
import { missingTools } from './tools.ts'

const POLICY = '/usr/sbin/policy-rc.d'

/** Installs what is missing; false if it could not. */
export async function setup(): Promise<boolean> {
  const missing = missingTools()
  if (missing.length === 0) {
    console.log('setup: every tool is here')
    return true
  }
  const packages = missing.map((tool) => tool.debian)
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) {
    console.error(`setup: needs root on Debian or Ubuntu. Install by hand what stands for: ${packages.join(' ')}`)
    return false
  }
  console.log(`setup: installing ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NODE_OPTIONS: '' }
  // Packages of servers would start them: exit code 101 of policy-rc.d forbids it.
  const mine = !existsSync(POLICY)
  if (mine) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    if ((await run('apt-get', ['update', '-q'], env)) !== 0) return false
    return (await run('apt-get', ['install', '-yq', '--no-install-recommends', ...packages], env)) === 0
  } finally {
    if (mine) rmSync(POLICY)
  }
}

if (import.meta.main && !(await setup())) process.exit(1)
