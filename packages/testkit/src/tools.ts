/**
 * Tools that tests need beyond Node: where they are, and the reason to skip when they are not there.
 * Every reason begins with `missing`, for `npm test` fails on such reasons where CI=true.
 */
import { existsSync } from 'node:fs'

/** Debian's chromium. */
export const CHROMIUM: string = '/usr/bin/chromium'

/** Fit for machines without a screen, without a sandbox of their own, and for no traffic but the test's. */
export const CHROMIUM_ARGUMENTS: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why a test that needs a tool is skipped. */
export function missingTool(name: string): string {
  return `missing tool: ${name} (npm run setup installs it)`
}

/** For `skip`: the reason, or false. Under CI=true nothing is skipped: what is missing fails its test. */
export function without(name: string, there: boolean): string | false {
  return there || process.env['CI'] === 'true' ? false : missingTool(name)
}

export const withoutChromium: string | false = without('chromium', existsSync(CHROMIUM))
