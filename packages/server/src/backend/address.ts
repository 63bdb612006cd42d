// Where requests may go: over TLS, or where nobody between can read them. It resolves no name. No error shows more of a
// URL than its host: paths and queries may hold secrets.

import { isIP } from 'node:net'
import { SettingError } from '../rules/settings.ts'

/** @throws SettingError */
export function readAddress(path: string, value: unknown, insecure: boolean): string {
  const example = "write the URL of the backend, such as 'https://app.example.com/tautline'"
  if (typeof value !== 'string') throw new SettingError(path, `must be text: ${example}`)
  if (!URL.canParse(value)) throw new SettingError(path, `is no URL: ${example}`)
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new SettingError(path, `must begin with https:// or http://, not ${url.protocol}//`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new SettingError(path, 'must not hold a user or a password: the signature says who asks')
  }
  if (url.hash !== '') throw new SettingError(path, 'must not have a fragment (#): it is never sent')
  if (url.protocol === 'http:' && !insecure && !isPrivateHost(url.hostname)) {
    const why = `asks ${url.hostname} over http, where tokens could be read on the way`
    throw new SettingError(path, `${why}: use https, or \`insecure: true\` if nothing is at stake`)
  }
  return url.href
}

/** A URL as logs show it: paths, too, are where some keep a secret. */
export function shownAddress(href: string): string {
  return new URL(href).origin
}

/**
 * This machine, or a network that is not the internet: RFC 1918, RFC 4193, link-local; names that the public DNS does not
 * have: of one label, or under .localhost (RFC 6761), .local (RFC 6762), .internal.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  const kind = isIP(host)
  if (kind === 4) return isPrivateV4(host)
  if (kind === 6) return isPrivateV6(host)
  return !host.includes('.') || /\.(?:localhost|local|internal)$/.test(host)
}

function isPrivateV4(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number)
  return (
    a === 127 || a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)
  )
}

function isPrivateV6(address: string): boolean {
  // URLs write `::ffff:127.0.0.1` as `::ffff:7f00:1`.
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? []
  if (high !== undefined && low !== undefined) {
    const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
    return isPrivateV4([a >> 8, a & 255, b >> 8, b & 255].join('.'))
  }
  return address === '::1' || /^f[cd]/.test(address) || /^fe[89ab]/.test(address)
}
