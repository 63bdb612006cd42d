// The certificate of `--dev --tls`: made on the first run, kept in .tautline/, made again before it ends. Browsers do not
// know who signed it: they ask once.

import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { CertificateFiles } from './certificates.ts'

const FOLDER = '.tautline'
const DAY = 86_400_000
/** Browsers refuse certificates of servers that are valid for longer than 398 days. */
const VALID = 365 * DAY
const RENEWED = 14 * DAY

/** The folder of what a development server keeps. Git does not see it. */
export function developmentFolder(folder: string): string {
  const own = join(folder, FOLDER)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const ignore = join(own, '.gitignore')
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
  return own
}

export interface DevelopmentCertificate extends CertificateFiles {
  readonly isNew: boolean
}

/** The files of the certificate, made if they are missing, end soon or are not for this machine. */
export async function developmentCertificate(folder: string): Promise<DevelopmentCertificate> {
  const own = developmentFolder(folder)
  const files = { cert: join(own, 'dev-cert.pem'), key: join(own, 'dev-key.pem') }
  if (isGood(files)) return { ...files, isNew: false }
  const made = await generate([{ name: 'commonName', value: 'Tautline development' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY),
    notAfterDate: new Date(Date.now() - DAY + VALID),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  writeFileSync(files.key, made.private, { mode: 0o600 })
  chmodSync(files.key, 0o600)
  writeFileSync(files.cert, made.cert)
  return { ...files, isNew: true }
}

function isGood({ cert, key }: CertificateFiles): boolean {
  if (!existsSync(cert) || !existsSync(key)) return false
  try {
    const { validTo, checkHost, checkIP } = { ...facts(cert) }
    return Date.parse(validTo) - Date.now() > RENEWED && checkHost && checkIP
  } catch {
    return false
  }
}

function facts(file: string): { validTo: string; checkHost: boolean; checkIP: boolean } {
  const certificate = new X509Certificate(readFileSync(file))
  const checkIP = ['127.0.0.1', '::1'].every((address) => certificate.checkIP(address) !== undefined)
  return { validTo: certificate.validTo, checkHost: certificate.checkHost('localhost') !== undefined, checkIP }
}
