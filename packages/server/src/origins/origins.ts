// Which pages may open a connection (RFC 6455 §10.2). Browsers let every page connect to every server and send the user's
// cookies along; the Origin is all that tells the pages apart. It never decides about programs, which send what they like.

import type { Refusal, UpgradeRequest } from '@tautline/websocket'
import type { Clock } from '@tautline/wire'
import type { Log, RealtimeOptions } from '../options.ts'
import { isHostOf, isOwnName, type Origin, readOrigin } from './origin.ts'

type OriginOptions = Pick<RealtimeOptions, 'origins' | 'cookies'>

/** Lines of the log for refused pages within a minute: whoever is refused tries again, and again. */
const LINES = 10
const MINUTE = 60_000

/** The pages that one server lets in. */
export class Origins {
  private options: OriginOptions
  private listed: ReadonlySet<string>
  private readonly clock: Clock
  private readonly log: Log
  private since = 0
  private lines = 0

  /** @param options as `readOptions` left them */
  constructor(options: OriginOptions, clock: Clock, log: Log) {
    this.options = options
    this.listed = listedBy(options)
    this.clock = clock
    this.log = log
  }

  /** From now on these decide. Who is connected stays. */
  update(options: OriginOptions): void {
    this.options = options
    this.listed = listedBy(options)
  }

  /**
   * true, or why not: with 403, and in words what to change.
   *
   * @throws what a function of the application throws
   */
  judge(request: UpgradeRequest): true | Refusal {
    const { origin } = request
    const problem = this.problem(request)
    if (problem === null) return true
    const refusal = typeof problem === 'string' ? { ...REFUSAL, text: problem } : problem
    this.say(origin === undefined ? undefined : shownOrigin(origin), refusal.text)
    return refusal
  }

  private problem(request: UpgradeRequest): string | Refusal | null {
    const { origin: text, headers } = request
    const { origins, cookies } = this.options
    if (text === undefined && cookies === true && headers.get('cookie') !== undefined) return WITHOUT_ORIGIN
    if (origins === 'any') return null
    const origin = text === undefined ? undefined : text === 'null' ? null : readOrigin(text)
    if (origin === null && text !== 'null') return NOT_ONE
    if (typeof origins === 'function') {
      // Anything else than true is a no: an async function answers with a promise.
      const answer = origins(origin?.text ?? text, request)
      if (answer === true) return null
      return isRefusal(answer) ? answer : `${who(origin)} may not connect: the function "origins" did not answer true.`
    }
    if (origin === undefined) return null
    if (origin === null) return OPAQUE
    return origins === undefined ? foreign(origin, headers.get('host')) : this.unlisted(origin)
  }

  private unlisted({ text }: Origin): string | null {
    return this.listed.has(text) ? null : `Pages of ${text} may not connect: the option "origins" does not list it.`
  }

  private say(origin: string | undefined, problem: string): void {
    const now = this.clock.now()
    if (this.lines === 0 || now - this.since > MINUTE) {
      this.since = now
      this.lines = 0
    }
    if (++this.lines > LINES) return
    const last = this.lines === LINES ? { more: 'not logged for a minute' } : null
    this.log('origin refused', { ...(origin === undefined ? null : { origin }), problem, ...last })
  }
}

const REFUSAL = { id: 'origin', status: 403, section: 'RFC 6455 §10.2' } as const
const WITHOUT_ORIGIN =
  'A request with a cookie must have an Origin here, because the option "cookies" is on: programs bring a token, or the Origin that they act for.'
const NOT_ONE = 'The Origin of this request is not one origin, so that the option "origins" cannot hold it.'
const OPAQUE =
  'Pages whose Origin is null (sandboxed frames, files) may not connect: the option "origins" cannot list them.'

/** Without a list: a page of this machine, connecting to where it came from. X-Forwarded-Host is anybody's word. */
function foreign(origin: Origin, host: string | undefined): string | null {
  if (isOwnName(origin.host) && isHostOf(origin, host)) return null
  return `Pages of ${origin.text} may not connect: without the option "origins" only those of localhost or an address may, to the host they came from. List this one: origins: ['${origin.text}'].`
}

function who(origin: Origin | null | undefined): string {
  return origin === undefined ? 'Clients without an Origin' : `Pages of ${origin?.text ?? 'the origin null'}`
}

function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'text' in answer
}

function listedBy({ origins }: OriginOptions): ReadonlySet<string> {
  return new Set(Array.isArray(origins) ? origins.map((one: string) => readOrigin(one)?.text ?? one) : [])
}

/** Nothing but an origin is shown: what else stands there may be a password. */
function shownOrigin(text: string): string {
  return text === 'null' ? 'null' : (readOrigin(text)?.text ?? 'malformed')
}
