#!/usr/bin/env node
// The command `tautline`. Installed, it runs what was built; in the repository it runs the sources, as everything there does.

import { existsSync } from 'node:fs'
import * as module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`tautline needs Node 22.13 or newer, but this is ${process.version}: https://nodejs.org`)
  process.exit(1)
}

const sources = new URL('../src/main.ts', import.meta.url)

if (!existsSync(sources)) {
  await import('../dist/main.js')
} else if (process.features.typescript && module.registerHooks) {
  // As with --conditions=tautline-source: packages of the repository are imported from their sources.
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...(context.conditions ?? []), 'tautline-source'] }),
  })
  await import(sources.href)
} else {
  console.error(
    `In the repository, tautline runs from its sources: that needs Node 24, but this is ${process.version}.\n` +
      'Run it as `npx tautline`, which finds the Node that the repository brings.',
  )
  process.exit(1)
}
