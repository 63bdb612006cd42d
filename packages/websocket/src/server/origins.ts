// Which pages may connect (RFC 6455 §10.2), as a test made once from the option.

import { isRefusal, REFUSALS, type Refusal } from '@tautline/protocol'
import type { OriginPolicy, UpgradeRequest } from './options.ts'

/** Why a request is refused, or null. */
export type OriginTest = (request: UpgradeRequest) => Refusal | null

/**
 * RFC 6455 §10.2: "Servers that are not intended to process input from any web page but only for certain sites SHOULD
 * verify the |Origin| field is an origin they expect." Two Origin headers read as one with a comma, which no list holds.
 */
export function originTest(policy: OriginPolicy): OriginTest {
  if (policy === 'any') return () => null
  if (typeof policy === 'function') return (request) => verdict(policy(request.origin, request))
  const good = new Set(policy.map(plainOrigin))
  return ({ origin }) => (origin === undefined || good.has(plainOrigin(origin)) ? null : REFUSALS.origin)
}

/** A promise, which an async function returns, must not pass for a yes. */
function verdict(answer: unknown): Refusal | null {
  if (answer === true) return null
  return typeof answer === 'object' && answer !== null && isRefusal(answer) ? answer : REFUSALS.origin
}

/** RFC 6454 §4 and §6.1: scheme and host in lower case, no default port. Anything but an origin stays what it is. */
function plainOrigin(origin: string): string {
  return origin
    .toLowerCase()
    .replace(/^(https:\/\/(?:\[[^\]/]*\]|[^/:]+)):443$|^(http:\/\/(?:\[[^\]/]*\]|[^/:]+)):80$/, '$1$2')
}
