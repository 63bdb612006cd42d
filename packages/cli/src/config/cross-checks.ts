// What must fit together across parts of a configuration. It looks at what was written, checked or not, so that these
// problems are told together with all others.

import { checkChannel, checkPattern, isPattern } from '@tautline/wire'
import type { Finding } from './judge.ts'
import { valueAt } from './judge.ts'
import type { Path } from './problem.ts'

/** @param raw a configuration as it was written, of any shape */
export function crossChecks(raw: unknown): readonly Finding[] {
  const found: Finding[] = []
  const at = (...path: Path): unknown => valueAt(raw, path)
  const say = (path: Path, text: string, where: 'key' | 'value' = 'value'): void => {
    found.push({ path, at: where, text })
  }
  if (at('store', 'type') === 'sqlite' && at('store', 'file') === undefined) {
    say(['store'], `needs a file: { type: 'sqlite', file: './tautline.sqlite' }`)
  }
  for (const key of ['file', 'durability']) {
    if (at('store', 'type') === 'memory' && at('store', key) !== undefined) {
      say(['store', key], `has no meaning with type: 'memory': write type: 'sqlite', or leave it out`, 'key')
    }
  }
  checkChannels(at('channels'), say)
  checkCookies(at, say)
  checkMonitoring(at, say)
  checkIssuers(at('jwt', 'issuers'), say)
  checkKeys(at('api', 'keys'), say)
  checkBackend(at, say)
  if (at('compression', 'sharedFrom') !== undefined && at('compression', 'shared') !== true) {
    say(['compression', 'sharedFrom'], 'has no meaning without shared: true', 'key')
  }
  const frame = at('limits', 'frame') ?? 1_048_576
  const body = at('limits', 'body')
  if (typeof body === 'number' && typeof frame === 'number' && body > frame) {
    say(['limits', 'body'], `is ${body}, more than limits.frame (${frame}): no frame carries such a body`)
  }
  return found
}

type At = (...path: Path) => unknown
type Say = (path: Path, text: string, where?: 'key' | 'value') => void

function checkChannels(rules: unknown, say: Say): void {
  if (typeof rules !== 'object' || rules === null || Array.isArray(rules)) return
  for (const [written, rule] of Object.entries(rules)) {
    const pattern = written.replaceAll(/(?<=^|:)\$user(?=:|$)/g, '*')
    const wrong = isPattern(pattern) ? checkPattern(pattern) : checkChannel(pattern)
    if (wrong !== null) say(['channels', written], `is neither a pattern nor a channel name: it ${wrong}`, 'key')
    const { log, history, presence, joinLeave } = (rule ?? {}) as Readonly<Record<string, unknown>>
    if (log === false && history !== undefined) {
      say(['channels', written, 'history'], 'has no meaning with log: false: leave out one of the two', 'key')
    }
    if (joinLeave === true && presence !== true) {
      say(['channels', written, 'joinLeave'], 'needs presence: write presence: true, or leave joinLeave out', 'key')
    }
  }
}

function checkCookies(at: At, say: Say): void {
  if (at('cookies') === true && at('origins') === undefined) {
    say(['cookies'], `needs origins: a page of any other site could speak for its visitor`)
  }
  if (at('cookies') === true && at('origins') === 'any') {
    say(['origins'], `must not be 'any' with cookies: true: a page of any site could speak for its visitor`)
  }
  if (at('jwt', 'cookie') !== undefined && at('cookies') !== true) {
    say(['jwt', 'cookie'], `needs cookies: true (and origins), or nobody sees the cookie`, 'key')
  }
}

function checkMonitoring(at: At, say: Say): void {
  const port = at('monitoring', 'port')
  if (typeof port === 'number' && port !== 0 && port === (at('port') ?? 8080)) {
    say(['monitoring', 'port'], `is the public port: choose another one, or write monitoring: { public: true }`)
  }
  if (at('monitoring', 'public') === true && (port !== undefined || at('monitoring', 'host') !== undefined)) {
    say(['monitoring', 'public'], `has no port and host of its own: leave out either public or these`, 'key')
  }
}

function checkIssuers(issuers: unknown, say: Say): void {
  if (!Array.isArray(issuers)) return
  for (const [i, one] of issuers.entries()) {
    if (typeof one !== 'object' || one === null) continue
    const keys = ['jwks', 'publicKey', 'secret'].filter((key) => one[key] !== undefined)
    if (keys.length !== 1) {
      const text = keys.length === 0 ? 'has no key: give it' : `has ${keys.join(' and ')}: give it only`
      say(['jwt', 'issuers', i], `${text} one of jwks, publicKey and secret`)
      continue
    }
    const algorithms: unknown[] = Array.isArray(one.algorithms) ? one.algorithms : []
    const isShared = keys[0] === 'secret'
    const strange = algorithms.filter((name) => typeof name === 'string' && name.startsWith('HS') !== isShared)
    if (strange.length > 0) {
      const fits = isShared ? 'HS256, HS384 and HS512' : 'RS, PS, ES and EdDSA'
      say(['jwt', 'issuers', i, 'algorithms'], `names ${strange.join(', ')}, but ${keys[0]} is for ${fits}`)
    }
  }
}

function checkKeys(keys: unknown, say: Say): void {
  if (!Array.isArray(keys)) return
  for (const [i, one] of keys.entries()) {
    if (typeof one !== 'object' || one === null) continue
    if ((one.secret === undefined) === (one.hash === undefined)) {
      say(['api', 'keys', i], `needs one of secret and hash${one.hash === undefined ? '' : ', not both'}`)
    }
  }
}

function checkBackend(at: At, say: Say): void {
  const events = at('backend', 'events')
  if (typeof events !== 'object' || events === null) return
  for (const [name, where] of Object.entries(events)) {
    if (!['connect', 'subscribe', 'publish', 'rpc', 'disconnect'].includes(name)) continue
    if (where === true && at('backend', 'url') === undefined) {
      say(['backend', 'events', name], `has nowhere to go: write backend.url, or the URL here`)
    }
  }
  const connect = at('backend', 'events', 'connect')
  if (connect !== undefined && connect !== false && at('jwt') !== undefined) {
    say(['backend', 'events', 'connect'], `and jwt would both say who a client is: leave one of them out`, 'key')
  }
}
