// On what terms somebody may subscribe: the rule, until when, and whether it may be told who comes and goes.

import { isPattern, RealtimeError, type Sub } from '@tautline/wire'
import type { Rule } from '../rules/rules.ts'
import type { Session } from './session.ts'
import type { SubscriptionTerms } from './subscription.ts'

/** What somebody subscribes with. */
export interface Right {
  readonly rule: Rule
  /** ms since 1970 at which the token ends that alone allows it. */
  readonly until: number
  /** May it be told who comes and goes? */
  readonly watches: boolean
}

const ALWAYS = Number.POSITIVE_INFINITY

/**
 * The right to subscribe; and the one to see who is there, where that is asked for: it is another one.
 *
 * @param server the server wants it: only the rule is asked
 * @throws RealtimeError
 */
export async function rightTo(
  session: Session,
  { ch, token, presence }: Pick<Sub, 'ch' | 'token' | 'presence'>,
  server: boolean,
): Promise<Right> {
  const { access } = session
  const { rule, until } = server
    ? { rule: ruleOf(session, ch), until: ALWAYS }
    : await access.right('subscribe', ch, token)
  if (presence !== true || !rule.joinLeave || isPattern(ch)) return { rule, until, watches: false }
  try {
    const members = await access.right('presence', ch)
    // A subscription of the server's does not end with a token.
    if (server) return { rule, until, watches: members.until === ALWAYS }
    return { rule, until: Math.min(until, members.until), watches: true }
  } catch (error) {
    if (error instanceof RealtimeError && !error.temporary) return { rule, until, watches: false }
    throw error
  }
}

/** @throws RealtimeError `unsupported`: a policy that the subscription cannot have */
export function termsOf(sub: Sub, rule: Rule, server: boolean): SubscriptionTerms {
  const policy = sub.policy ?? rule.policy
  if (isPattern(sub.ch) && (sub.policy === 'lossless' || sub.policy === 'latest')) {
    throw new RealtimeError('unsupported', 'a pattern knows the policies drop and disconnect', { field: 'policy' })
  }
  return { channel: sub.ch, rule, policy, conflate: sub.conflate === true, server }
}

function ruleOf({ node }: Session, channel: string): Rule {
  const rule = node.rules.for(channel)
  if (rule === null) throw new RealtimeError('forbidden', 'no rule of this server covers the channel', { field: 'ch' })
  return rule
}
