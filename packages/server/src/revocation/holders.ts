// Which sessions hold what may be revoked: found by user, by token and by name. It ends none.

import type { Grant } from '../options.ts'
import type { Revocation } from './revocation.ts'

/** A session as a revocation sees it. */
export interface Holder {
  readonly conn: string
  readonly user: string | undefined
  readonly token: Grant['token']
  /** Store time of its last grant, ms since 1970. */
  readonly since: number
}

/** One per node. Sessions enter with each grant, and leave before the next one and at their end. */
export class Holders<H extends Holder> {
  private readonly byToken: Map<string, Set<H>> = new Map()

  enter(holder: H): void {
    const id = holder.token?.id
    if (id === undefined) return
    const known = this.byToken.get(id)
    if (known === undefined) this.byToken.set(id, new Set([holder]))
    else known.add(holder)
  }

  leave(holder: H): void {
    const id = holder.token?.id
    const its = id === undefined ? undefined : this.byToken.get(id)
    if (id === undefined || its === undefined) return
    its.delete(holder)
    if (its.size === 0) this.byToken.delete(id)
  }

  /** Those whose token it is. */
  of(token: string): Iterable<H> {
    return Array.from(this.byToken.get(token) ?? [])
  }
}

/**
 * Was what a user's session holds given before? Whoever hears of a revocation late leaves alone those who came back since.
 * An issuer's clock may be ahead of ours: what was shown here before was issued before, whatever it says.
 */
export function isOlder({ token, since }: Holder, { at }: Revocation): boolean {
  return Math.min(token?.issued ?? since, since) <= at
}
