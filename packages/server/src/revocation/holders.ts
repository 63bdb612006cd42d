// Which sessions hold what may be revoked: found by the ids of the tokens that they brought, for the connection or for
// channels. It ends none.

import type { Grant } from '../options.ts'
import type { Revocation } from './revocation.ts'

/** A session as the revocation of a user sees it. */
export interface Holder {
  readonly token: Grant['token']
  /** Store time of its last grant, ms since 1970. */
  readonly since: number
}

/** One per node. */
export class Holders<H> {
  private readonly byToken: Map<string, Set<H>> = new Map()
  private readonly byHolder: Map<H, Set<string>> = new Map()

  hold(holder: H, token: string | undefined): void {
    if (token === undefined) return
    add(this.byToken, token, holder)
    add(this.byHolder, holder, token)
  }

  drop(holder: H, token: string | undefined): void {
    if (token === undefined) return
    remove(this.byToken, token, holder)
    remove(this.byHolder, holder, token)
  }

  /** It holds nothing any more. */
  end(holder: H): void {
    for (const token of this.byHolder.get(holder) ?? []) remove(this.byToken, token, holder)
    this.byHolder.delete(holder)
  }

  /** Those who brought this token. */
  of(token: string): readonly H[] {
    return Array.from(this.byToken.get(token) ?? [])
  }
}

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, new Set([value]))
  else known.add(value)
}

function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key)
  known?.delete(value)
  if (known?.size === 0) map.delete(key)
}

/**
 * Was what a user's session holds given before? Whoever hears of a revocation late leaves alone those who came back since.
 * An issuer's clock may be ahead of ours: what was shown here before was issued before, whatever it says.
 */
export function isOlder({ token, since }: Holder, { at }: Revocation): boolean {
  return Math.min(token?.issued ?? since, since) <= at
}
