// What every contestant is told: node NAME.ts PORT [--deflate] [--tls]. It collects
// garbage when it is asked to, so that memory at rest can be compared. Runs in Bun too.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const port: number = Number(process.argv[2])
export const host = '127.0.0.1'
/** Larger than any message here: the limits are not what is compared. */
export const maxPayload: number = 64 * 1024 * 1024
export const deflate: boolean = process.argv.includes('--deflate')
/** Key and certificate, or undefined: plain TCP. */
export const tls: { readonly key: Buffer; readonly cert: Buffer } | undefined = process.argv.includes('--tls')
  ? { key: built('key.pem'), cert: built('cert.pem') }
  : undefined

function built(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../.build', name))
}

const { gc } = globalThis as { gc?: (options: object) => void }

/**
 * As V8 does when memory is short: it also gives back the space for new objects, which grew while the connections came. An
 * ordinary collection does so or not by how busy the last seconds were.
 */
process.on('SIGUSR2', () => gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }))
