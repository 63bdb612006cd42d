// Reads the options `origins` and `cookies`. What browsers would never send, and what would let every page in by mistake,
// is refused with what to write instead.

import { SettingError, shown } from '../rules/settings.ts'
import { isOwnName, readOrigin } from './origin.ts'

const EXAMPLE = 'such as https://app.example.com'

/**
 * A list of origins.
 *
 * @returns it in the spelling of browsers
 * @throws SettingError naming the entry and what to write instead
 */
export function readOriginList(path: string, value: unknown): readonly string[] {
  if (value === '*') throw new SettingError(path, `must be 'any' where every page may connect, not '*'`)
  if (typeof value === 'string') throw new SettingError(path, `must be a list: write [${shown(value)}]`)
  if (!Array.isArray(value)) throw new SettingError(path, `must be a list of origins, not ${shown(value)}`)
  return value.map((one: unknown, i) => readOne(`${path}[${i}]`, one))
}

/** @throws SettingError */
export function readOrigins(origins: unknown, cookies: unknown): void {
  if (cookies !== undefined && typeof cookies !== 'boolean') {
    throw new SettingError('cookies', `must be true or false, not ${shown(cookies)}`)
  }
  const protects = cookies === true
  if (protects && (origins === undefined || origins === 'any')) {
    const what = origins === undefined ? 'needs the option origins' : "and origins: 'any' do not go together"
    throw new SettingError(
      'cookies',
      `${what}: list the pages that may connect, such as origins: ['https://app.example.com'], for browsers send a user's cookies along from every page`,
    )
  }
  if (origins === undefined || origins === 'any' || typeof origins === 'function') return
  if (typeof origins !== 'string' && !Array.isArray(origins)) {
    throw new SettingError('origins', `must be 'any', a list of origins or a function, not ${shown(origins)}`)
  }
  readOriginList('origins', origins)
}

function readOne(path: string, value: unknown): string {
  if (typeof value !== 'string') throw new SettingError(path, `must be an origin, ${EXAMPLE}, not ${shown(value)}`)
  if (value === 'null') {
    throw new SettingError(path, `must be an origin, not 'null', which every sandboxed frame and every file has`)
  }
  if (value.includes('*')) {
    throw new SettingError(path, `must be an origin without wildcard, ${EXAMPLE}, not ${shown(value)}`)
  }
  const origin = readOrigin(value)
  const meant = meantBy(value)
  if (origin !== null && (meant === null || meant === origin.text)) return origin.text
  throw new SettingError(
    path,
    `must be an origin (scheme, host and port, nothing behind them), not ${shown(value)}${meant === null ? `, ${EXAMPLE}` : `: write ${shown(meant)}`}`,
  )
}

/** What a browser would send for a page at this address. null: nobody knows, as for schemes of apps. */
function meantBy(value: string): string | null {
  const [, name] = /^([a-z0-9.-]+)(?::[0-9]+)?$/i.exec(value) ?? []
  const text = name === undefined ? value : `${isOwnName(name) ? 'http' : 'https'}://${value}`
  const url = URL.parse(text.replace(/^ws(s?):/i, 'http$1:'))
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  return url.origin.replace(/\.(?=$|:[0-9]+$)/, '')
}
