// A subscriber as presence knows it (tautline.v1 §9): a member while it is subscribed, who hears of the others if it asked to.

import { isPattern } from '@tautline/wire'
import type { Session } from './session.ts'
import type { Subscription } from './subscription.ts'

/**
 * Makes the subscriber a member where its channel has presence; `subscription.disappear` ends that.
 *
 * @param watches is it told of the others? It asked to, and has the right to see who is there
 */
export function appear(session: Session, subscription: Subscription, watches: boolean): void {
  const { node, user, info, peer } = session
  const { channel, rule } = subscription.terms
  // The connection may have ended while the log was read.
  if (!rule.presence || isPattern(channel) || subscription.state === 'gone') return
  node.presences.enter(channel, {
    peer,
    ...(user === undefined ? null : { user }),
    ...(info === undefined ? null : { info }),
  })
  if (watches) {
    subscription.unwatch = node.presences.watch(channel, (push) => session.share(node.membersUnit(channel, push)))
  }
  subscription.disappear = (clean) => {
    subscription.stopWatching()
    node.presences.leave(channel, peer, clean)
  }
}
