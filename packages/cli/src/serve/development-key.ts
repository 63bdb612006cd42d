// The key of the HTTP API of `--dev`: made on the first run, kept in .tautline/ for its owner alone. It is never printed.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { developmentFolder } from './development-certificate.ts'

const NAME = 'dev-api-key'
export const KEY_FILE = `.tautline/${NAME}`

export function developmentKey(folder: string): string {
  const file = join(developmentFolder(folder), NAME)
  if (existsSync(file)) {
    const key = readFileSync(file, 'utf8').trim()
    if (/^[!-~]{24,512}$/.test(key)) return key
  }
  const key = randomBytes(24).toString('base64url')
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  return key
}
