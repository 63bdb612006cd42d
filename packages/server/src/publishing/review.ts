// What the contract of a channel and the application's hook make of what a client publishes, before it is stored.

import { type Body, type Json, RealtimeError, type StoredBody, storeBody } from '@tautline/wire'
import type { Checked } from '../contract/messages.ts'
import { within } from '../deadline.ts'
import type { Node } from '../node.ts'
import type { Who } from '../options.ts'

/** ms a hook may take. */
const HOOK = 5_000

/** What is stored, and, by which its key is recognised, what came: a schema may make something else of it each time. */
export interface Reviewed {
  readonly body: Body
  readonly stored?: StoredBody
  readonly said?: StoredBody | undefined
}

/** Is there anything to ask? */
export function isReviewed(node: Node): boolean {
  return node.hooks.publish !== null || node.messages !== null
}

/**
 * The contract first: the hook is asked about messages that follow it. What the hook says instead has to follow it, too.
 *
 * @returns a promise only where a schema or a hook answers later
 * @throws RealtimeError `bad-data`, `too-large`, whatever the hook throws; Error for a fault of the application
 */
export function review(node: Node, who: Who, channel: string, came: Body): Reviewed | Promise<Reviewed> {
  node.messages?.checkClient(channel)
  // An application is not troubled with what would be refused whatever it says.
  const said = storeBody(came, node.limits)
  const checked = node.messages?.check(channel, came) ?? null
  if (node.hooks.publish !== null) return heard(node, who, channel, checked ?? { body: came }, said)
  if (checked instanceof Promise) return checked.then((settled) => ({ ...settled, said }))
  return checked === null ? { body: came, stored: said } : { body: checked.body, stored: checked.stored, said }
}

async function heard(
  node: Node,
  who: Who,
  channel: string,
  asked: Reviewed | Promise<Reviewed>,
  said: StoredBody,
): Promise<Reviewed> {
  const checked = await asked
  const { body } = checked
  const { publish } = node.hooks
  const answer = await within(
    node.clock,
    Promise.resolve(publish?.(who, channel, body.bytes ?? body.data)),
    HOOK,
    'the check of the message',
  )
  return { ...(answer === undefined ? checked : await replaced(node, channel, answer)), said }
}

async function replaced(node: Node, channel: string, answer: Json | Uint8Array): Promise<Checked | Reviewed> {
  const body: Body = answer instanceof Uint8Array ? { bytes: answer } : { data: answer }
  try {
    return (await node.messages?.check(channel, body)) ?? { body }
  } catch (error) {
    // The hook's words, not the client's.
    if (!(error instanceof RealtimeError) || error.code !== 'bad-data') throw error
    throw new Error(`onPublish() returned what the contract does not allow: ${error.message}`)
  }
}

/**
 * As `review`, for what the server publishes itself: in order, also where a schema takes its time; no hook is asked.
 *
 * @param isKeyed is there a key to be recognised?
 * @throws as `review`
 */
export function reviewOwn(node: Node, channel: string, came: Body, isKeyed: boolean): Reviewed | Promise<Reviewed> {
  const checked = node.messages?.checkInOrder(channel, came) ?? null
  if (checked === null) return { body: came }
  const said = isKeyed ? { said: saidBy(node, came) } : null
  if (!(checked instanceof Promise)) return { ...checked, ...said }
  return checked.then((settled) => ({ ...(settled ?? { body: came }), ...said }))
}

/** A schema may take what is no JSON, such as a Date: then its key is recognised by what is stored. */
function saidBy(node: Node, came: Body): StoredBody | undefined {
  try {
    return storeBody(came, node.limits)
  } catch {
    return undefined
  }
}
