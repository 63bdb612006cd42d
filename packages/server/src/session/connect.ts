// `connect` and `refresh`: who a client is, decided by the application's hook, before anything else is obeyed.

import {
  type ConnectCommand,
  type Connected,
  type Json,
  RealtimeError,
  type RefreshCommand,
  storeBody,
} from '@tautline/wire'
import { rightsProblem, userProblem } from '../arguments.ts'
import { within } from '../deadline.ts'
import type { Grant } from '../options.ts'
import { tokenProblem } from '../revocation/revocation.ts'
import { shown } from '../rules/settings.ts'
import type { Session } from './session.ts'

/** ms a hook may take. */
const HOOK = 5_000
/** Bytes of a member's info: everybody in a channel gets it. */
const MOST_INFO = 4_096
/** An `expires` below it is a time in seconds, as tokens write it: in ms it would lie before 1974. */
const SECONDS = 100_000_000_000
/** What keeps refreshes in order: no channel is called so. */
const TOKENS = ' tokens'

const NOTHING: Grant = Object.freeze({})

/** Answers `connect` first, and only then recovers what the client resumes (tautline.v1 §6). */
export async function connect(session: Session, command: ConnectCommand & { readonly id: number }): Promise<void> {
  const { node } = session
  try {
    const asked = node.revocations.mark()
    const grant = await granted(session, command.token)
    if (session.isClosed) return
    // In the turn in which it takes effect: whoever is revoked from now on is found among those who are here.
    node.revocations.check(grant)
    node.revocations.checkSince(asked, grant)
    if (grant.user !== undefined && node.isFullFor(grant.user, command.replaces)) {
      node.admission.count('connections of a user')
      const { perUser } = node.admission.settings
      throw new RealtimeError('limit', `you have ${perUser} connections here already: close one of them first`)
    }
    session.setClient(command.client)
    session.identify(grant)
    if (command.replaces !== undefined) node.replace(command.replaces.conn, command.replaces.secret)
    node.metrics.count('tautline_connects_total', 1, 'ok')
    session.opened(command.id, grant, answerOf(session, grant))
    session.attachments.resume(command.resume ?? [], grant.channels ?? [])
  } catch (error) {
    if (session.isClosed) return
    const known = session.failureOf(error)
    node.metrics.count('tautline_connects_total', 1, known.code)
    session.refuse(command.id, known)
    refuseConnection(session, known)
  }
}

/** A new token for the same user, in-band. One after another: the last one counts. */
export function refresh(session: Session, command: RefreshCommand & { readonly id: number }): void {
  session.attachments.serial.run(TOKENS, async () => {
    try {
      const grant = await granted(session, command.token)
      if (session.isClosed) return
      session.node.revocations.check(grant)
      if (grant.user !== session.user) throw new RealtimeError('forbidden', 'the new token is for somebody else')
      session.identify(grant)
      session.reply(command.id, grant.expires === undefined ? {} : { expires: grant.expires })
      session.attachments.decideAgain(grant.channels ?? [])
    } catch (error) {
      if (!session.isClosed) session.refuse(command.id, error)
    }
  })
}

async function granted(session: Session, token: string | undefined): Promise<Grant> {
  const { hooks, clock, rules } = session.node
  if (hooks.connect === null) {
    if (rules.open) return NOTHING
    throw new RealtimeError(
      'unauthorized',
      'this server lets nobody in: it has no onConnect, and allows nothing to everyone',
    )
  }
  const request = { ...session.request, token }
  const asked = Promise.resolve(hooks.connect(request))
  const grant = await within(clock, asked, HOOK, 'the decision who you are')
  if (grant === undefined) return {}
  const problem = problemOf(grant, session)
  // The hook's mistake, not the client's: it is let in as nobody it is not.
  if (problem !== null) throw session.failureOf(new Error(`onConnect: ${problem}`))
  await session.node.revocations.ready(grant)
  // What ends with a timer would be obeyed until that comes.
  if (grant.expires !== undefined && grant.expires <= session.node.storeTime()) throw new RealtimeError('token-expired')
  return grant
}

/** What is wrong with a hook's answer, and what to write instead. Nobody is let in by mistake. */
function problemOf(grant: Grant, session: Session): string | null {
  if (typeof grant !== 'object' || grant === null || Array.isArray(grant)) {
    return `must return { user, … } or {} for somebody unknown, or throw new RealtimeError('unauthorized'), not return ${shown(grant)}`
  }
  const { user, info, expires, channels, rights, claims, token } = grant as { readonly [name in keyof Grant]: unknown }
  if (user !== undefined && userProblem(user) !== null) return userProblem(user)
  if (expires !== undefined && !Number.isSafeInteger(expires)) {
    return `expires must be whole ms since 1970, not ${shown(expires)}`
  }
  if (expires !== undefined && (expires as number) > 0 && (expires as number) < SECONDS) {
    return `expires must be ms since 1970, and ${shown(expires)} are seconds: write ${(expires as number) * 1_000}`
  }
  if (channels !== undefined && !Array.isArray(channels)) return `channels must be a list, not ${shown(channels)}`
  const wrong = rightsProblem(rights) ?? objectProblem('claims', claims) ?? tokenProblem(token)
  if (wrong !== null || info === undefined) return wrong
  try {
    storeBody({ data: info as Json }, { ...session.node.limits, body: MOST_INFO })
    return null
  } catch (error) {
    return `the info of a client: ${(error as Error).message}`
  }
}

function objectProblem(name: string, value: unknown): string | null {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return null
  return `${name} must be an object, not ${shown(value)}`
}

function answerOf(session: Session, grant: Grant): Connected {
  const { node } = session
  const { limits, heartbeat } = node
  return {
    conn: session.conn,
    secret: session.secret,
    node: node.name,
    time: session.time(),
    ...(grant.user === undefined ? null : { user: grant.user }),
    ...(grant.expires === undefined ? null : { expires: grant.expires }),
    features: [],
    ping: { every: heartbeat.every, timeout: heartbeat.timeout },
    window: node.window,
    limits: {
      frame: limits.frame,
      body: limits.body,
      channels: limits.channels,
      inflight: limits.inflight,
      publishRate: limits.publishRate,
      rpc: limits.rpc,
      page: limits.page,
      members: limits.members,
      name: limits.name,
    },
  }
}

/** What a refused `connect` means for coming back (tautline.v1 §3.2.1). */
export function refuseConnection(session: Session, error: RealtimeError): void {
  if (error.temporary || error.code === 'limit') session.excuse()
  if (error.code === 'token-revoked') session.bye('token-revoked', error.message)
  else if (error.retry === 'auth') session.bye('token-expired', error.message)
  else if (error.temporary) session.bye('overloaded', error.message, error.after)
  else if (error.code === 'limit') session.bye('connection-limit', error.message)
  else session.bye('forbidden', error.message)
}
