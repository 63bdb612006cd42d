// The load generator is C: built on first use, with TLS where OpenSSL's headers are. Also the certificate for TLS.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Missing } from './contestants.ts'

const SOURCE = join(import.meta.dirname, 'wsload.c')
const FOLDER = join(import.meta.dirname, '.build')
export const GENERATOR: string = join(FOLDER, 'wsload')

/** Builds the generator if its source is newer; throws with what to do if there is no compiler. */
export function buildGenerator(): void {
  if (existsSync(GENERATOR) && statSync(GENERATOR).mtimeMs >= statSync(SOURCE).mtimeMs) return
  mkdirSync(FOLDER, { recursive: true })
  const compile = ['-O2', '-o', GENERATOR, SOURCE]
  if (cc([...compile, '-DWITH_TLS', '-lssl', '-lcrypto']) || cc(compile)) return
  throw new Error('the load generator is C: install a compiler (Debian: apt-get install gcc libc6-dev)')
}

function cc(args: readonly string[]): boolean {
  try {
    execFileSync('cc', args, { stdio: 'ignore' })
    return true
  } catch {
    // No compiler, or no headers: the caller tries with less, or says what is needed.
    return false
  }
}

/** Makes what TLS needs, or says why it cannot be measured here. To be asked once the generator is built. */
export function prepareTls(): Missing | null {
  if (!execFileSync(GENERATOR, ['--help'], { encoding: 'utf8' }).includes('--tls'))
    return {
      reason: 'wsload was built without OpenSSL',
      command: 'apt-get install libssl-dev && rm benchmarks/.build/wsload',
    }
  const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => join(FOLDER, name)) as [string, string]
  if (existsSync(certificate)) return null
  const name = ['-nodes', '-subj', '/CN=localhost', '-days', '3650']
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  try {
    execFileSync('openssl', ['req', '-x509', ...newKey, ...name, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    })
    return null
  } catch {
    return { reason: 'openssl, which makes the certificate, is not there', command: 'apt-get install openssl' }
  }
}
