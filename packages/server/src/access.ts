// Who may do what: the rule of the channel first, then the application's hook. Rights are checked on every path and never
// inferred: holding a position, a key or a subscription grants nothing.

import { isPattern, RealtimeError } from '@tautline/wire'
import { within } from './deadline.ts'
import type { Node } from './node.ts'
import type { Action, Who } from './options.ts'
import type { Rule } from './rules/rules.ts'

/** ms a hook may take. */
const HOOK = 5_000

/**
 * The rule under which somebody may do something with a channel.
 *
 * @returns a promise only where a hook has to be asked
 * @throws RealtimeError `forbidden`, `unsupported`, `unavailable`
 */
export function allowed(node: Node, who: Who, action: Action, channel: string, token?: string): Rule | Promise<Rule> {
  const rule = isPattern(channel) ? node.rules.forPattern(channel) : node.rules.for(channel)
  if (rule === null) throw new RealtimeError('forbidden', 'no rule of this server covers the channel', { field: 'ch' })
  checkRule(rule, action)
  const hook = node.hooks.authorize
  if (hook === null) return rule
  const asked = hook(who, action, channel, token)
  if (!(asked instanceof Promise)) return verdict(asked !== false, rule, action)
  return within(node.clock, asked, HOOK, 'the decision about your rights').then((yes) =>
    verdict(yes !== false, rule, action),
  )
}

function checkRule(rule: Rule, action: Action): void {
  if (action === 'subscribe' && !rule.subscribe) throw new RealtimeError('forbidden', 'nobody may subscribe here')
  if (action === 'publish' && !rule.publish) throw new RealtimeError('forbidden', 'clients may not publish here')
  if (action === 'history' && !rule.subscribe) throw new RealtimeError('forbidden', 'nobody may read here')
  if (action === 'history' && rule.log === null) throw new RealtimeError('unsupported', 'the channel has no log')
  if (action === 'presence' && !rule.presence) throw new RealtimeError('unsupported', 'the channel has no presence')
}

function verdict(yes: boolean, rule: Rule, action: Action): Rule {
  if (yes) return rule
  throw new RealtimeError('forbidden', `you may not ${action} here`)
}
