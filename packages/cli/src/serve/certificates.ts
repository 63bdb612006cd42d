// The certificate of a server: read from its files, read again when they change. Files that do not fit together change
// nothing: the certificate in use stays.

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Log } from './log.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string | undefined
}

/** What TLS needs of them. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  readonly passphrase?: string
}

/** ms of quiet behind a change: two files are not written at once. */
const QUIET = 200
/** ms between two looks where nobody tells of changes (some network file systems). */
const LOOK = 60_000
const MONTH = 30 * 86_400_000

/** @throws Error saying which file is wrong and how */
export function readCertificate({ cert, key, passphrase }: CertificateFiles): Certificate {
  const read = (what: string, file: string): Buffer => {
    try {
      return readFileSync(file)
    } catch (error) {
      throw new Error(`the ${what} ${file} cannot be read: ${(error as Error).message}`)
    }
  }
  const found = {
    cert: read('certificate', cert),
    key: read('key', key),
    ...(passphrase === undefined ? null : { passphrase }),
  }
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(found.cert)
  } catch {
    throw new Error(`${cert} is no certificate in PEM`)
  }
  let fits: boolean
  try {
    fits = certificate.checkPrivateKey(createPrivateKey({ key: found.key, passphrase }))
  } catch {
    throw new Error(
      `${key} is no private key in PEM${passphrase === undefined ? '' : ', or the passphrase is not its own'}`,
    )
  }
  if (!fits) throw new Error(`the key ${key} is not that of the certificate ${cert}`)
  // What is left, such as a chain that is cut off.
  createSecureContext(found)
  return found
}

/** Watches the files and hands on every certificate that is another one. */
export class CertificateWatch {
  private readonly files: CertificateFiles
  private readonly use: (certificate: Certificate) => void
  private readonly log: Log
  private readonly watchers: FSWatcher[] = []
  private inUse: string
  private lastProblem = ''
  private quiet: NodeJS.Timeout | null = null
  private readonly look: NodeJS.Timeout

  constructor(files: CertificateFiles, inUse: Certificate, use: (certificate: Certificate) => void, log: Log) {
    this.files = files
    this.use = use
    this.log = log
    this.inUse = fingerprint(inUse)
    // The folders: files are replaced by renaming others, and a watched file that is replaced tells nothing any more.
    for (const folder of new Set([dirname(files.cert), dirname(files.key)])) this.watch(folder)
    this.look = setInterval(() => this.reload(), LOOK).unref()
  }

  /** Reads the files now. */
  reload(): void {
    let certificate: Certificate
    try {
      certificate = readCertificate(this.files)
      if (fingerprint(certificate) === this.inUse) return
      this.use(certificate)
    } catch (error) {
      const problem = (error as Error).message
      // The same bad files are told once.
      if (problem !== this.lastProblem) this.log.error('certificate kept', { problem })
      this.lastProblem = problem
      return
    }
    this.lastProblem = ''
    this.inUse = fingerprint(certificate)
    this.log.info('certificate replaced', facts(certificate))
  }

  stop(): void {
    for (const watcher of this.watchers) watcher.close()
    clearInterval(this.look)
    if (this.quiet !== null) clearTimeout(this.quiet)
  }

  private watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.changed())
      watcher.on('error', (error) =>
        this.log.warn('certificate files cannot be watched', { folder, error: error.message }),
      )
      this.watchers.push(watcher)
    } catch (error) {
      this.log.warn('certificate files cannot be watched', { folder, error: (error as Error).message })
    }
  }

  private changed(): void {
    if (this.quiet !== null) clearTimeout(this.quiet)
    this.quiet = setTimeout(() => {
      this.quiet = null
      this.reload()
    }, QUIET).unref()
  }
}

/** What a log says of a certificate, and a warning before it ends. */
export function facts({ cert }: Certificate): Record<string, string> {
  const { subjectAltName, validTo, fingerprint256 } = new X509Certificate(cert)
  const left = Date.parse(validTo) - Date.now()
  return {
    names: subjectAltName ?? '',
    until: new Date(validTo).toISOString(),
    fingerprint: fingerprint256,
    ...(left < 0 ? { warning: 'it has expired' } : left < MONTH / 2 ? { warning: 'it ends within 15 days' } : null),
  }
}

function fingerprint({ cert, key }: Certificate): string {
  return createHash('sha256').update(cert).update('\0').update(key).digest('hex')
}
