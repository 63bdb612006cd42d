// A subscriber as presence knows it (tautline.v1 §9): a member while it is subscribed, who hears of the others if it asked to.

import { isPattern, type Sub } from '@tautline/wire'
import type { Session } from './session.ts'
import type { Subscription } from './subscription.ts'

/** Makes the subscriber a member where its channel has presence; `subscription.disappear` ends that. */
export function appear(session: Session, subscription: Subscription, sub: Sub): void {
  const { node, user, info, peer } = session
  const { rule } = subscription.terms
  // The connection may have ended while the log was read.
  if (!rule.presence || isPattern(sub.ch) || subscription.state === 'gone') return
  node.presences.enter(sub.ch, {
    peer,
    ...(user === undefined ? null : { user }),
    ...(info === undefined ? null : { info }),
  })
  const unwatch =
    sub.presence === true && rule.joinLeave
      ? node.presences.watch(sub.ch, (push) => session.share(node.membersUnit(sub.ch, push)))
      : null
  subscription.disappear = (clean) => {
    unwatch?.()
    node.presences.leave(sub.ch, peer, clean)
  }
}
